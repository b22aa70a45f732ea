"""From the kind of a lesion (``dx``) to one of the two classes, by a table that can be overridden.

The model is trained melanoma against benign. Other cancers and what may become one are neither:
they are left out unless told otherwise.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

BENIGN: Final = "benign"
MALIGNANT: Final = "malignant"
OUT: Final = "out"

# Code: class, and the names under which HAM10000, the ISIC challenges and the ISIC Archive
# publish the kind.
KINDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "mel": (
        MALIGNANT,
        (
            "melanoma",
            "melanoma in situ",
            "melanoma invasive",
            "melanoma nos",
            "melanoma metastasis",
            "lentigo maligna",
            "malignant melanocytic proliferations (melanoma)",
        ),
    ),
    "nv": (BENIGN, ("nevus", "naevus", "melanocytic nevus", "benign melanocytic proliferations")),
    "bkl": (
        BENIGN,
        (
            "benign keratosis",
            "pigmented benign keratosis",
            "seborrheic keratosis",
            "sk",
            "lichenoid keratosis",
            "lichen planus like keratosis",
            "lentigo",
            "lentigo nos",
            "lentigo simplex",
            "solar lentigo",
            "benign epidermal proliferations",
        ),
    ),
    "df": (BENIGN, ("dermatofibroma",)),
    "vasc": (
        BENIGN,
        ("vascular lesion", "angioma", "hemangioma", "angiokeratoma", "pyogenic granuloma"),
    ),
    "benign": (BENIGN, ("cafe au lait macule", "clear cell acanthoma", "acrochordon", "scar")),
    "bcc": (OUT, ("basal cell carcinoma",)),
    "akiec": (OUT, ("ak", "actinic keratosis", "solar or actinic keratosis")),
    "scc": (OUT, ("squamous cell carcinoma", "malignant epidermal proliferations")),
    "unk": (OUT, ("unknown",)),
}
_CODES: Final = {name: code for code, (_, names) in KINDS.items() for name in (code, *names)}
ONE_HOT_COLUMNS: Final = frozenset({"mel", "nv", "bcc", "akiec", "ak", "bkl", "df", "vasc"}) | {
    "scc",
    "unk",
}


def kind_code(text: str) -> str:
    """The short code of a kind of lesion; the name itself, in lower case, where none is known."""
    name = re.sub(r"[\s_,-]+", " ", text.strip().casefold()).strip()
    return _CODES.get(name, name)


def kind_of_levels(levels: Iterable[str]) -> str:
    """The code of a kind that is published level by level, from ``Malignant`` downwards.

    The deepest level that is known decides. Below ``Benign``, a kind without a code is
    ``benign``; elsewhere the deepest level is passed on as it is, and so left out by name.
    """
    names = [name for name in levels if name.strip()]
    if not names:
        return ""
    for name in reversed(names):
        if kind_code(name) in KINDS:
            return kind_code(name)
    return kind_code(names[-1])


class ClassTable:
    """Which class a kind of lesion belongs to.

    Args:
        overrides: Class, or ``out``, by kind; replaces entries of the table, or adds to them.
    """

    def __init__(self, overrides: Mapping[str, str] | None = None) -> None:
        given = {kind_code(name): chosen for name, chosen in (overrides or {}).items()}
        self.overridden = bool(given)
        self._classes = {code: chosen for code, (chosen, _) in KINDS.items()} | given

    def class_of(self, kind: str) -> str | None:
        """``benign`` or ``malignant``; None for a kind that is left out."""
        chosen = self._classes.get(kind_code(kind), OUT)
        return None if chosen == OUT else chosen


def parse_classes(text: str) -> dict[str, str]:
    """Parse ``mel=malignant,bcc=malignant,nv=benign``; ``KIND=out`` leaves a kind out.

    Raises:
        ValueError: If it is not of that form, or names a kind twice.
    """
    overrides: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        kind, _, chosen = (piece.strip() for piece in part.partition("="))
        if not kind or chosen not in (BENIGN, MALIGNANT, OUT):
            raise ValueError(
                f"expected KIND=benign, KIND=malignant or KIND=out, separated by commas. "
                f"Received: {part!r}"
            )
        if kind_code(kind) in overrides:
            raise ValueError(f"expected each kind once. Received: {kind!r} again")
        overrides[kind_code(kind)] = chosen
    return overrides
