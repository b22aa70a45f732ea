"""Audits a data set: copies, what crosses its splits, labels that disagree, unusable files."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from edge_runtime.console import progress
from edge_runtime.contract.manifest import SPLITS
from trainer.audit.candidates import Candidates, find_candidates
from trainer.audit.clusters import Clusters
from trainer.audit.confirm import Agreement, compare_pixels
from trainer.audit.findings import (
    Audit,
    Disagreement,
    ExactCopies,
    Leak,
    LeakKind,
    NearCopies,
    Unreadable,
)
from trainer.audit.fingerprint import SYMMETRIES, turned_pixels
from trainer.audit.scan import in_threads, read_thumbnail, scan_pictures
from trainer.dataset import Dataset, LabelledPicture

# Pairs compared before the next ones are chosen: those already known to be copies are passed over.
_PAIRS_AT_ONCE = 64


def audit_dataset(dataset: Dataset, *, workers: int | None = None) -> Audit:
    """What makes the figures of a data set hard to believe.

    Args:
        dataset: From :func:`trainer.dataset.find_dataset`; files in any order.
        workers: Pictures decoded at a time; None for one a core.

    Returns:
        The findings; the same for every order of the files and number of workers.
    """
    by_content = _grouped(dataset.pictures, lambda picture: picture.sha256)
    contents = [group[0] for group in by_content.values()]
    paths = [dataset.folder / picture.file for picture in contents]
    scan = scan_pictures(paths, workers=workers)
    problems = {p.sha256: why for p, why in zip(contents, scan.problems, strict=True) if why}
    usable = [picture for picture in dataset.pictures if picture.sha256 not in problems]
    candidates, _ = find_candidates(scan.fingerprints)
    clusters = Clusters()
    for group in by_content.values():
        clusters.join(picture.file for picture in group)
    near = _confirmed([picture.file for picture in contents], paths, candidates, clusters, workers)
    names = clusters.names()
    sizes_wh = {p.sha256: size_wh for p, size_wh in zip(contents, scan.sizes_wh, strict=True)}
    return Audit(
        pictures=len(dataset.pictures) + len(dataset.unreadable),
        classes=_classes(usable),
        sizes=_sizes(sizes_wh[picture.sha256] for picture in usable),
        unreadable=_unreadable(dataset, problems),
        exact_copies=_exact_copies(by_content),
        near_copies=tuple(near),
        candidates=len(candidates),
        leaks=_leaks(usable, names),
        disagreements=_disagreements(usable, names),
        clusters=names,
    )


def _confirmed(
    files: Sequence[str],
    paths: Sequence[Path],
    candidates: Candidates,
    clusters: Clusters,
    workers: int | None,
) -> list[NearCopies]:
    """Candidates that agree on pixels, best first; joins them in the clusters."""

    def compare(row: tuple[int, int, int]) -> Agreement | None:
        first, second = read_thumbnail(paths[row[0]]), read_thumbnail(paths[row[1]])
        if first is None or second is None:
            return None
        return compare_pixels(first, turned_pixels(second, row[2]))

    found: list[NearCopies] = []
    rows = progress((tuple(row) for row in candidates.tolist()), len(candidates), "comparing")
    while batch := list(islice(rows, _PAIRS_AT_ONCE)):
        batch = [row for row in batch if not clusters.joined(files[row[0]], files[row[1]])]
        for row, agreement in zip(batch, in_threads(compare, batch, workers), strict=True):
            pair = files[row[0]], files[row[1]]
            if agreement is None or not agreement.confirmed or clusters.joined(*pair):
                continue
            clusters.join(pair)
            found.append(
                NearCopies(
                    files=pair,
                    position=SYMMETRIES[row[2]],
                    correlation=round(agreement.correlation, 3),
                    difference=round(agreement.difference, 2),
                )
            )
    return sorted(found, key=lambda copies: (-copies.correlation, copies.files))


def _grouped(
    pictures: Iterable[LabelledPicture], name_of: Callable[[LabelledPicture], str | None]
) -> dict[str, list[LabelledPicture]]:
    """Pictures by name, both sorted; those without a name are left out."""
    groups: dict[str, list[LabelledPicture]] = defaultdict(list)
    for picture in sorted(pictures, key=lambda picture: picture.file):
        name = name_of(picture)
        if name is not None:
            groups[name].append(picture)
    return groups


def _sizes(sizes_wh: Iterable[tuple[int, int] | None]) -> dict[str, int]:
    counts = Counter("{}×{}".format(*size_wh) for size_wh in sizes_wh if size_wh is not None)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _unreadable(dataset: Dataset, problems: Mapping[str, str]) -> tuple[Unreadable, ...]:
    """Files that could not be read when they were found, and those that could not be decoded."""
    reasons = dict(dataset.unreadable) | {
        picture.file: problems[picture.sha256]
        for picture in dataset.pictures
        if picture.sha256 in problems
    }
    return tuple(Unreadable(file=file, reason=reasons[file]) for file in sorted(reasons))


def _exact_copies(by_content: Mapping[str, list[LabelledPicture]]) -> tuple[ExactCopies, ...]:
    return tuple(
        ExactCopies(sha256=sha256, files=tuple(picture.file for picture in group))
        for sha256, group in by_content.items()
        if len(group) > 1
    )


def _classes(pictures: Iterable[LabelledPicture]) -> dict[str, dict[str, int]]:
    counts = Counter((picture.split or "all", picture.label) for picture in pictures)
    return {
        split: {label: count for (where, label), count in sorted(counts.items()) if where == split}
        for split in ("all", *SPLITS)
        if any(where == split for where, _ in counts)
    }


def _leaks(pictures: Sequence[LabelledPicture], clusters: Mapping[str, str]) -> tuple[Leak, ...]:
    leaks = []
    for name, group in _grouped(pictures, lambda picture: clusters.get(picture.file)).items():
        exact = len({picture.sha256 for picture in group}) == 1
        leaks.append(_leak("exact copies" if exact else "near copies", name, group))
    for name, group in _grouped(pictures, lambda picture: picture.lesion).items():
        leaks.append(_leak("lesion", name, group))
    for name, group in _grouped(pictures, lambda picture: picture.patient).items():
        leaks.append(_leak("patient", name, group))
    return tuple(leak for leak in leaks if len(leak.splits) > 1)


def _leak(kind: LeakKind, name: str, group: Sequence[LabelledPicture]) -> Leak:
    return Leak(
        kind=kind,
        name=name,
        splits=tuple(split for split in SPLITS if any(p.split == split for p in group)),
        files=tuple(picture.file for picture in group),
    )


def _disagreements(
    pictures: Sequence[LabelledPicture], clusters: Mapping[str, str]
) -> tuple[Disagreement, ...]:
    found = [
        Disagreement(kind="copies", name=name, labels={p.file: p.label for p in group})
        for name, group in _grouped(pictures, lambda picture: clusters.get(picture.file)).items()
    ]
    found += [
        Disagreement(kind="lesion", name=name, labels={p.file: p.label for p in group})
        for name, group in _grouped(pictures, lambda picture: picture.lesion).items()
    ]
    return tuple(entry for entry in found if len(set(entry.labels.values())) > 1)
