"""Copies of assessed pictures with the result below them."""

import hashlib
import os
from pathlib import Path
from typing import Any

from PIL import Image

from edge_runtime.assessment import Assessment
from edge_runtime.console import display_name, log
from edge_runtime.contract.card import NOTICE
from edge_runtime.contract.preprocess import Preprocessing, read_picture
from edge_runtime.dicom import decode_file
from edge_runtime.errors import InputError, MelanomaError
from edge_runtime.sinks import DEMONSTRATION, Sink

_WIDTH = 800
_SHOWN = Preprocessing(size_hw=(_WIDTH, _WIDTH))
_MARGIN = 12
_LINE = 26
_PAPER, _INK = "white", "black"
_NAME_BYTES = 180  # of 255 that a file name may have; the digest and suffixes come on top


class AnnotatedPictures:
    """Writes a copy of each picture with a band below it, then hands the result on.

    The copy holds no EXIF. It is as wide as a report needs, not as the camera made it. Its name is
    that of the picture with the beginning of its digest, for pictures of several folders may have
    one name.
    """

    def __init__(self, folder: Path, shown: Sink) -> None:
        """Write into a folder, which is made if need be."""
        self._folder, self._shown = folder, shown

    def assessed(self, source: Path, assessment: Assessment) -> None:
        """Write the copy, and show the result."""
        try:
            self._write(source, assessment)
        except (InputError, OSError) as error:
            log.warning("warning: %s was not annotated: %s", display_name(source), error)
        self._shown.assessed(source, assessment)

    def failed(self, source: Path, error: MelanomaError) -> None:
        """Show the error; there is nothing to draw on."""
        self._shown.failed(source, error)

    def close(self) -> None:
        """Show what is left to show."""
        self._shown.close()

    def _write(self, source: Path, assessment: Assessment) -> None:
        encoded = read_picture(source)
        if hashlib.sha256(encoded).hexdigest() != assessment.picture_sha256:
            raise InputError(
                "expected the picture that was assessed. Received: another one of that name. "
                "Assess it again."
            )
        stem = display_name(Path(source.stem)).encode()[:_NAME_BYTES].decode(errors="ignore")
        target = self._folder / f"{stem}_{assessment.picture_sha256[:12]}.png"
        beside = target.with_name(f"{target.name}.{os.getpid()}.partial")
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            annotate(encoded, assessment).save(beside, "PNG")
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)


def annotate(encoded: bytes, assessment: Assessment) -> Image.Image:
    """The picture, upright and RGB, with a band that says what came of it.

    Args:
        encoded: A picture that could be assessed.
        assessment: Its assessment.
    """
    # Loaded when used: a device that draws nothing starts without them.
    from PIL import ImageDraw, ImageFont

    picture = decode_file(encoded, _SHOWN)
    picture.thumbnail((_WIDTH, _WIDTH))
    font = ImageFont.load_default(18)
    lines = [
        wrapped
        for line in _lines(assessment)
        for wrapped in _wrapped(line, font, _WIDTH - 2 * _MARGIN)
    ]
    height = picture.height + 2 * _MARGIN + _LINE * len(lines)
    page = Image.new("RGB", (_WIDTH, height), _PAPER)
    page.paste(picture, ((_WIDTH - picture.width) // 2, 0))
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        place = (_MARGIN, picture.height + _MARGIN + number * _LINE)
        draw.text(place, line, fill=_INK, font=font)
    return page


def _lines(assessment: Assessment) -> list[str]:
    score = "" if assessment.score is None else f", score {assessment.score:.3f}"
    card = assessment.card
    said = [
        f"{assessment.decision}{score}",
        "; ".join(assessment.reasons),
        f"{assessment.model} on {assessment.runtime}, {assessment.delegate}",
        assessment.fallback or "",
        DEMONSTRATION if card is not None and card.training.demonstration else "",
        NOTICE,
    ]
    return [line for line in said if line]


def _wrapped(text: str, font: Any, width: int) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]
