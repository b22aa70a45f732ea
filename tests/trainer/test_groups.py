"""What is kept together, how it is called, and that a name tells whom it holds."""

from trainer.dataset import LabelledPicture
from trainer.groups import group_names, grouped_by, groups_by_file


def picture(
    file: str, *, patient: str | None = None, lesion: str | None = None, content: str = ""
) -> LabelledPicture:
    sha256 = content or file
    return LabelledPicture(file=file, sha256=sha256, label="benign", lesion=lesion, patient=patient)


def test_without_copies_a_group_is_patient_else_lesion_else_content() -> None:
    pictures = [
        picture("a", patient="P", lesion="L1"),
        picture("b", patient="P", lesion="L2"),
        picture("c", lesion="L3"),
        picture("d", content="same"),
        picture("e", content="same"),
    ]
    assert groups_by_file(pictures) == {
        "a": "P",
        "b": "P",
        "c": "L3",
        "d": "sha256:same",
        "e": "sha256:same",
    }


def test_copies_without_a_name_are_called_after_their_first_file() -> None:
    pictures = [picture("z"), picture("b"), picture("c")]
    groups = groups_by_file(pictures, {"z": "b", "b": "b"})
    assert groups == {"z": "cluster:b", "b": "cluster:b", "c": "sha256:c"}


def test_copies_take_the_name_that_one_of_them_has() -> None:
    pictures = [picture("a"), picture("b", lesion="L")]
    assert set(groups_by_file(pictures, {"a": "a", "b": "a"}).values()) == {"L"}


def test_joined_patients_and_lesions_are_all_named() -> None:
    pictures = [picture("a", patient="P"), picture("b", lesion="L"), picture("c", patient="P")]
    groups = groups_by_file(pictures, {"a": "a", "b": "a"})
    assert set(groups.values()) == {"L + P"}
    assert {"L", "P"} <= group_names(groups["c"])
    assert groups_by_file(pictures[::-1], {"a": "a", "b": "a"}) == groups


def test_a_lesion_joins_the_pictures_of_which_the_patient_is_not_known() -> None:
    pictures = [picture("a", patient="P", lesion="L"), picture("b", lesion="L")]
    assert set(groups_by_file(pictures).values()) == {"L + P"}


def test_lesion_numbers_that_begin_anew_join_no_patients() -> None:
    pictures = [picture("a", patient="P", lesion="1"), picture("b", patient="Q", lesion="1")]
    assert groups_by_file(pictures) == {"a": "P", "b": "Q"}


def test_what_most_were_grouped_by() -> None:
    lesions = [picture("a", lesion="1"), picture("b", lesion="2")]
    assert grouped_by([*lesions, picture("c", patient="P")]) == "lesion"
    assert grouped_by([picture("c", patient="P")]) == "patient"
    assert grouped_by([picture("c")]) == "content"
    assert grouped_by([picture("c")], {}) == "cluster"
