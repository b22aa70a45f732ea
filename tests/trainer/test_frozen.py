"""Outputs of the frozen network: what they hold, and what an interruption or a full disk costs."""

import json
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("keras", reason="needs the train extra")

from edge_runtime.errors import DatasetError
from trainer.backend import import_keras
from trainer.frozen import FrozenJob, FrozenOutputs, compute_frozen

pytestmark = pytest.mark.tensorflow

PICTURES = 10
AUGMENTED = np.array([1, 2, 5, 7, 8])
VIEWS = 3
BATCHES = 3 + VIEWS * 2  # of at most 4 pictures

Array = npt.NDArray[np.float32]


class Inputs:
    """Pictures of two numbers, told apart in every view, that may be interrupted."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.asked: list[tuple[int, tuple[int, ...]]] = []
        self._stop_after = stop_after

    def batch(self, view: int, indices: npt.NDArray[np.int_]) -> Array:
        if len(self.asked) == self._stop_after:
            raise KeyboardInterrupt
        self.asked.append((view, tuple(indices.tolist())))
        return inputs_of(np.full(len(indices), view), indices)


def inputs_of(views: npt.NDArray[np.int_], indices: npt.NDArray[np.int_]) -> Array:
    return np.stack([indices + 1, 100 * views], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> Any:
    """A small convolution, with outputs of three axes."""
    keras = import_keras()
    keras.utils.set_random_seed(0)
    inputs = keras.Input((2,))
    maps = keras.layers.Reshape((2, 1, 1))(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(3, (2, 1), padding="same")(maps))


@pytest.fixture
def job(tmp_path: Path) -> FrozenJob:
    return FrozenJob(
        name="activations",
        folder=tmp_path,
        key="pictures and weights",
        pictures=PICTURES,
        augmented=AUGMENTED,
        views=VIEWS,
        batch_size=4,
        dtype=np.float32,
    )


def require_outputs(outputs: FrozenOutputs, model: Any, tolerance: float = 1e-5) -> None:
    """Every picture in every view that it has, asked for one view at a time and mixed."""
    rng = np.random.default_rng(0)
    indices = np.concatenate([np.arange(PICTURES), *[AUGMENTED] * VIEWS])
    views = np.concatenate([np.zeros(PICTURES, int), np.repeat([1, 2, 3], len(AUGMENTED))])
    order = rng.permutation(len(indices))
    indices, views = indices[order], views[order]
    expected = np.asarray(model.predict_on_batch(inputs_of(views, indices)))
    found = outputs.rows(views, indices)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    for view in range(VIEWS + 1):
        of_view = outputs.rows(view, indices[views == view])
        np.testing.assert_array_equal(of_view, found[views == view])


def interrupt(model: Any, job: FrozenJob, after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        compute_frozen(model, Inputs(stop_after=after).batch, job)


def test_rows_are_what_the_model_says_of_each_view(model: Any, job: FrozenJob) -> None:
    inputs = Inputs()
    require_outputs(compute_frozen(model, inputs.batch, job), model)
    assert len(inputs.asked) == BATCHES


def test_half_precision_is_given_back_as_float32(model: Any, job: FrozenJob) -> None:
    outputs = compute_frozen(model, Inputs().batch, replace(job, dtype=np.float16))
    require_outputs(outputs, model, tolerance=2e-3)
    stored = np.load(job.folder / "activations.npy", mmap_mode="r")
    assert stored.dtype == np.float16


def test_without_views_each_picture_is_computed_once(model: Any, job: FrozenJob) -> None:
    inputs = Inputs()
    outputs = compute_frozen(model, inputs.batch, replace(job, views=0))
    assert [view for view, _ in inputs.asked] == [0, 0, 0]
    indices = np.array([3, 3, 9])
    expected = model.predict_on_batch(inputs_of(np.zeros(3, int), indices))
    np.testing.assert_allclose(outputs.rows(0, indices), expected, rtol=1e-5)


@pytest.mark.parametrize("done", [1, 3, 4, BATCHES - 1])
def test_after_an_interruption_only_the_rest_is_computed(
    model: Any, job: FrozenJob, done: int
) -> None:
    interrupt(model, job, done)
    rest, whole = Inputs(), Inputs()
    require_outputs(compute_frozen(model, rest.batch, job), model)
    compute_frozen(model, whole.batch, replace(job, key="another"))
    assert rest.asked == whole.asked[done:]


def test_what_is_complete_is_not_computed_again(model: Any, job: FrozenJob) -> None:
    compute_frozen(model, Inputs().batch, job)
    require_outputs(compute_frozen(model, Inputs(stop_after=0).batch, job), model)


@pytest.mark.parametrize(
    "change",
    [
        {"key": "other weights"},
        {"augmented": np.array([0, 2, 5, 7, 8])},
        {"views": 2},
        {"batch_size": 5},
        {"dtype": np.float16},
        {"pictures": 9},
    ],
)
def test_another_job_starts_anew(model: Any, job: FrozenJob, change: dict[str, Any]) -> None:
    interrupt(model, replace(job, **change), 2)
    inputs = Inputs()
    require_outputs(compute_frozen(model, inputs.batch, job), model)
    assert len(inputs.asked) == BATCHES


@pytest.mark.parametrize("content", [b"", b'{"key": "', b"\xff\xfe", b"[]", b"7", b'{"done": 2}'])
def test_a_damaged_record_starts_anew(model: Any, job: FrozenJob, content: bytes) -> None:
    interrupt(model, job, 3)
    (job.folder / "activations.json").write_bytes(content)
    inputs = Inputs()
    require_outputs(compute_frozen(model, inputs.batch, job), model)
    assert len(inputs.asked) == BATCHES


@pytest.mark.parametrize("kept_bytes", [None, 0, 64, 300])
def test_lost_outputs_start_anew(model: Any, job: FrozenJob, kept_bytes: int | None) -> None:
    interrupt(model, job, 3)
    path = job.folder / "activations.npy"
    if kept_bytes is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:kept_bytes])
    inputs = Inputs()
    require_outputs(compute_frozen(model, inputs.batch, job), model)
    assert len(inputs.asked) == BATCHES


def test_the_record_tells_what_is_done(model: Any, job: FrozenJob) -> None:
    interrupt(model, job, 5)
    assert json.loads((job.folder / "activations.json").read_text())["done"] == 5


@contextmanager
def small_files() -> Iterator[None]:
    """No file may be longer than 2,000 bytes, as on a disk that is nearly full.

    No fixture: the limit would still hold when pytest writes its progress, perhaps to a file.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_named_and_leaves_nothing(model: Any, job: FrozenJob) -> None:
    inputs = Inputs()
    with pytest.raises(DatasetError) as refused, small_files():
        compute_frozen(model, inputs.batch, replace(job, views=40))
    assert re.fullmatch(
        r"expected .+ GB free for the activations in .+\. Received: .+\. "
        r"Free space, give fewer --views, or --views 0\.",
        str(refused.value),
    )
    assert inputs.asked == []
    assert list(job.folder.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(model: Any, job: FrozenJob) -> None:
    with pytest.raises(DatasetError, match=r"free for the activations in .*gone"):
        compute_frozen(model, Inputs().batch, replace(job, folder=job.folder / "gone"))
