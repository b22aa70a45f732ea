"""Copies of assessed pictures with the result below them."""

from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from edge_runtime.assessment import Assessment
from edge_runtime.console import display_name, log
from edge_runtime.contract.card import NOTICE
from edge_runtime.errors import MelanomaError
from edge_runtime.sinks import Sink

_WIDTH = 800
_MARGIN = 12
_LINE = 26
_PAPER, _INK = "white", "black"


class AnnotatedPictures:
    """Writes a copy of each picture with a band below it, then hands the result on.

    The copy holds no EXIF. It is as wide as a report needs, not as the camera made it.
    """

    def __init__(self, folder: Path, shown: Sink) -> None:
        """Write into a folder, which is made if need be."""
        self._folder, self._shown = folder, shown
        self._count = 0

    def assessed(self, source: Path, assessment: Assessment) -> None:
        """Write the copy, and show the result."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._count += 1
        # Pictures of several folders may have one name.
        target = self._folder / f"{self._count:05d}_{display_name(Path(source.stem))}.png"
        beside = target.with_name(target.name + ".partial")
        try:
            annotate(source, assessment).save(beside, "PNG")
            beside.replace(target)
        except OSError as error:
            beside.unlink(missing_ok=True)
            log.warning("warning: %s was not annotated: %s", display_name(source), error)
        self._shown.assessed(source, assessment)

    def failed(self, source: Path, error: MelanomaError) -> None:
        """Show the error; there is nothing to draw on."""
        self._shown.failed(source, error)

    def close(self) -> None:
        """Show what is left to show."""
        self._shown.close()


def annotate(source: Path, assessment: Assessment) -> Image.Image:
    """The picture, upright and RGB, with a band that says what came of it.

    Args:
        source: A picture that could be assessed.
        assessment: Its assessment.
    """
    # Loaded when used: a device that draws nothing starts without them.
    from PIL import ImageDraw, ImageFont

    with Image.open(source) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    picture.thumbnail((_WIDTH, _WIDTH))
    font = ImageFont.load_default(18)
    score = "" if assessment.score is None else f"  score {assessment.score:.3f}"
    lines = [
        f"{assessment.decision}{score}",
        *_wrapped("; ".join(assessment.reasons), font, _WIDTH - 2 * _MARGIN),
        f"{assessment.model} on {assessment.runtime}, {assessment.delegate}",
        NOTICE,
    ]
    height = picture.height + 2 * _MARGIN + _LINE * len(lines)
    page = Image.new("RGB", (_WIDTH, height), _PAPER)
    page.paste(picture, ((_WIDTH - picture.width) // 2, 0))
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        place = (_MARGIN, picture.height + _MARGIN + number * _LINE)
        draw.text(place, line, fill=_INK, font=font)
    return page


def _wrapped(text: str, font: Any, width: int) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]
