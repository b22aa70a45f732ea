"""What must stay on one side of a split: a patient, a lesion, copies; joined where they touch."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from edge_runtime.contract.card import GROUPED_BY
from trainer.audit.clusters import Clusters
from trainer.dataset import LabelledPicture

_BETWEEN = " + "


def group_of(picture: LabelledPicture) -> str:
    """Group of a picture on its own: the patient, else the lesion, else the content."""
    return picture.patient or picture.lesion or f"sha256:{picture.sha256}"


def group_names(group: str) -> frozenset[str]:
    """Every patient and lesion that a group may be named after, and the group itself."""
    return frozenset((group, *group.split(_BETWEEN)))


def groups_by_file(
    pictures: Sequence[LabelledPicture], clusters: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Group of every picture, by file.

    Pictures share a group if a chain of equal patients, lesions, clusters of copies or contents
    leads from one to the other. A group is named after its patients and lesions, as in
    ``HAM_1 + HAM_2`` where copies join two; after its content, or as ``cluster:<first file>``,
    where it has neither.

    Args:
        pictures: Pictures of the data set.
        clusters: Cluster of copies by file, as of an audit; None where nobody looked.
    """
    joined, clusters = Clusters(), clusters or {}
    patients = _patients_of_lesions(pictures)
    for picture in pictures:
        keys = [f"group {group_of(picture)}"]
        if picture.file in clusters:
            keys.append(f"cluster {clusters[picture.file]}")
        # Numbers that begin anew with each patient name no lesion.
        if picture.lesion and len(patients[picture.lesion]) <= 1:
            keys.append(f"lesion {picture.lesion}")
        joined.join([f"file {picture.file}", *keys])
    leaders = joined.names()
    members: dict[str, list[LabelledPicture]] = defaultdict(list)
    for picture in sorted(pictures, key=lambda picture: picture.file):
        members[leaders[f"file {picture.file}"]].append(picture)
    names = {leader: _name(group) for leader, group in members.items()}
    return {picture.file: names[leaders[f"file {picture.file}"]] for picture in pictures}


def grouped_by(
    pictures: Sequence[LabelledPicture], clusters: Mapping[str, str] | None = None
) -> str:
    """What most pictures were kept together by, one of those that a card knows.

    Args:
        pictures: Pictures of the data set.
        clusters: As for :func:`groups_by_file`.
    """
    otherwise = "content" if clusters is None else "cluster"
    counts = Counter(
        "patient" if picture.patient else "lesion" if picture.lesion else otherwise
        for picture in pictures
    )
    return max(GROUPED_BY, key=lambda name: counts[name])


def _patients_of_lesions(pictures: Sequence[LabelledPicture]) -> dict[str, set[str]]:
    patients: dict[str, set[str]] = defaultdict(set)
    for picture in pictures:
        if picture.lesion:
            patients[picture.lesion] |= {picture.patient} if picture.patient else set()
    return patients


def _name(members: Sequence[LabelledPicture]) -> str:
    named = {group_of(picture) for picture in members if picture.patient or picture.lesion}
    contents = {group_of(picture) for picture in members}
    if named or len(contents) == 1:
        return _BETWEEN.join(sorted(named or contents))
    return f"cluster:{members[0].file}"
