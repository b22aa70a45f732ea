import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from demo.gather import shown_pictures
from edge_runtime.errors import DatasetError


def test_shown_are_test_pictures_of_both_labels_by_seed(finished: Callable[..., Any]) -> None:
    done = finished()
    assert [picture.label for picture in done.pictures] == ["benign"] * 3 + ["malignant"] * 3
    assert all(picture.split == "test" for picture in done.pictures)
    assert len({picture.file for picture in done.pictures}) == 6
    assert shown_pictures(done.plan) == done.pictures


def test_thumbnails_are_small_and_carry_no_metadata(finished: Callable[..., Any]) -> None:
    for shown in finished().report().shown:
        content = base64.b64decode(shown.thumbnail.removeprefix("data:image/jpeg;base64,"))
        assert b"patient" not in content
        with Image.open(io.BytesIO(content)) as small:
            assert small.size == (224, 149)


def test_counts_and_plots(finished: Callable[..., Any]) -> None:
    report = finished().report()
    assert report.counts == {"train": 2, "valid": 0, "test": 8}
    assert set(report.plots) == {"roc.png", "accuracy_latency.png"}


def test_rows_of_other_pictures_are_refused(finished: Callable[..., Any]) -> None:
    done = finished()
    row = {"source": "other.jpg", "score": 0.1, "decision": "REFER", "reasons": []}
    done.plan.rows.write_text(json.dumps(row) + "\n")
    with pytest.raises(DatasetError, match="assessment of each of 6 pictures"):
        done.report()
