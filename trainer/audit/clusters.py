"""Groups of files that are copies of each other, however the chain between them runs."""

from collections.abc import Iterable


class Clusters:
    """Union-find over file names (Tarjan, J. ACM 22, 1975); a name that sorts first leads."""

    def __init__(self) -> None:
        self._leader: dict[str, str] = {}

    def join(self, files: Iterable[str]) -> None:
        """Make these files, and all that were joined to any of them, one cluster."""
        leaders = sorted({self._find(file) for file in files})
        for leader in leaders[1:]:
            self._leader[leader] = leaders[0]

    def joined(self, first: str, second: str) -> bool:
        """Whether two files are in one cluster."""
        return self._find(first) == self._find(second)

    def names(self) -> dict[str, str]:
        """Cluster by file, sorted, for clusters of two or more; named by the first file in it."""
        leaders = {file: self._find(file) for file in sorted(self._leader)}
        led = {leader for file, leader in leaders.items() if file != leader}
        return {file: leader for file, leader in leaders.items() if leader in led}

    def _find(self, file: str) -> str:
        leader = self._leader.setdefault(file, file)
        while leader != file:
            # Halving the path keeps later look-ups short.
            self._leader[file] = self._leader[leader]
            file, leader = leader, self._leader[leader]
        return file
