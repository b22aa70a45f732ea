"""A stream whose frames carry their number: their true age is known, and is what is reported."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from benchmarks.camera_stream import camera, measure_stream
from benchmarks.numbered_stream import NumberedStream, frame_number
from edge_runtime.contract.embed import SealedModel
from edge_runtime.contract.preprocess import Preprocessing, preprocess
from edge_runtime.contract.quality_limits import CONTRAST_ONLY
from edge_runtime.errors import InputError

pytest.importorskip("cv2", reason="needs the camera extra")

Seal = Callable[..., SealedModel]
Save = Callable[..., Path]


def test_every_frame_shows_its_number(picture: Save) -> None:
    size = Preprocessing(size_hw=(120, 160))
    stream = NumberedStream(preprocess(picture("a.png"), size), 30)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in stream._parts]
    assert len(bodies) == 30 * 5
    assert [frame_number(preprocess(body, size)) for body in bodies] == list(range(len(bodies)))


def test_the_measurement_says_how_old_frames_are(sealed_model: Seal, picture: Save) -> None:
    figures = measure_stream(sealed_model("int8").path, picture("a.png"), 2.0, 30.0)
    assert figures.assessed > 0
    assert 0 < figures.taken_age_p90_ms < figures.result_age_p90_ms <= figures.result_age_max_ms
    assert figures.understated_max_ms >= 0
    assert figures.memory_start_mib > 0


def test_a_stream_that_is_cut_comes_back_and_leaves_nothing(
    sealed_model: Seal, picture: Save
) -> None:
    figures = measure_stream(sealed_model("int8").path, picture("a.png"), 6.0, 30.0, cuts=2)
    assert (figures.cuts, figures.restored, figures.stale) == (2, 2, 0)
    assert figures.threads_left == 0
    assert figures.longest_return_s > 0


def test_a_picture_that_is_not_scored_ends_the_measurement(
    sealed_model: Seal, picture: Save
) -> None:
    grey = Image.new("RGB", (640, 480), (128, 128, 128))
    strict = sealed_model("int8", quality=dataclasses.replace(CONTRAST_ONLY, min_contrast=60.0))
    with pytest.raises(InputError, match="fit to be scored"):
        measure_stream(strict.path, picture("grey.png", grey), 20.0, 30.0)


def test_the_command_gives_json_or_a_table(sealed_model: Seal, picture: Save) -> None:
    app = typer.Typer()
    app.command()(camera)
    line = [str(picture("a.png")), "--model", str(sealed_model("int8").path), "--seconds", "1"]
    table, found = (CliRunner().invoke(app, [*line, *more]) for more in ((), ("--json",)))
    assert "result age p90 ms" in table.stdout
    assert json.loads(found.stdout)["frames_per_s"] == 30.0
