"""Starting weights from a file: what is taken, and what is refused."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("keras", reason="needs the train extra")

from trainer.backend import import_keras
from trainer.errors import WeightsError
from trainer.weights import describe_weights, load_inception_v3

pytestmark = pytest.mark.tensorflow

Arrays = dict[str, npt.NDArray[Any]]
REFUSED = r"expected weights of InceptionV3 without its classifier.*Received: 'weights\..+': "


@pytest.fixture(scope="module")
def keras() -> Any:
    return import_keras()


def load(keras: Any, path: Path) -> Any:
    return load_inception_v3(keras, weights=str(path), cut="mixed0", image_size=75)


def layers_of(keras: Any, network: Any, kind: str) -> list[Any]:
    """In order of creation: 'conv2d', 'conv2d_1', … 'conv2d_10'."""
    layers = [layer for layer in network.layers if isinstance(layer, getattr(keras.layers, kind))]
    return sorted(layers, key=lambda layer: (len(layer.name), layer.name))


@pytest.fixture(scope="module")
def arrays(keras: Any) -> Arrays:
    """A value of its own for each layer, under the names that a .npz has."""
    network = keras.applications.InceptionV3(
        weights=None, include_top=False, input_shape=(75, 75, 3)
    )
    named = {}
    for number, layer in enumerate(layers_of(keras, network, "Conv2D")):
        named[f"conv2d_{number}/kernel"] = np.full(layer.kernel.shape, number, np.float16)
    for number, layer in enumerate(layers_of(keras, network, "BatchNormalization")):
        for place, name in enumerate(("beta", "moving_mean", "moving_variance")):
            values = np.full(layer.beta.shape, number + place / 4, np.float16)
            named[f"batch_normalization_{number}/{name}"] = values
    return named


def test_an_npz_fills_the_layers_in_order_of_creation(
    keras: Any, arrays: Arrays, tmp_path: Path
) -> None:
    np.savez(tmp_path / "weights.npz", **arrays)
    base = load(keras, tmp_path / "weights.npz")
    for number, layer in enumerate(layers_of(keras, base, "Conv2D")):
        assert (layer.kernel.numpy() == number).all()
    for number, layer in enumerate(layers_of(keras, base, "BatchNormalization")):
        means = [float(values.mean()) for values in layer.get_weights()]
        assert means == [number, number + 1 / 4, number + 2 / 4]


@pytest.mark.parametrize(
    "change",
    [
        {"conv2d_3/kernel": np.zeros((3, 3, 8, 8), np.float16)},
        {"batch_normalization_2/beta": np.array(["words"])},
    ],
)
def test_arrays_of_another_network_are_refused(
    keras: Any, arrays: Arrays, tmp_path: Path, change: Arrays
) -> None:
    np.savez(tmp_path / "weights.npz", **(arrays | change))
    with pytest.raises(WeightsError, match=REFUSED) as refused:
        load(keras, tmp_path / "weights.npz")
    assert refused.value.exit_code == 4


def test_arrays_under_other_names_are_refused(keras: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", **{"dense/kernel": np.zeros(3)})
    with pytest.raises(WeightsError, match=REFUSED):
        load(keras, tmp_path / "weights.npz")


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_an_empty_file_is_refused(keras: Any, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(b"")
    with pytest.raises(WeightsError, match=REFUSED):
        load(keras, path)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("suffix", [".h5", ".weights.h5"])
def test_another_architecture_is_refused(keras: Any, tmp_path: Path, suffix: str) -> None:
    other = keras.applications.MobileNet(
        weights=None, include_top=False, input_shape=(32, 32, 3), alpha=0.25
    )
    path = tmp_path / f"weights{suffix}"
    if suffix == ".h5":
        other.save(path)
    else:
        other.save_weights(path)
    with pytest.raises(WeightsError, match=REFUSED) as refused:
        load(keras, path)
    assert refused.value.exit_code == 4
    assert len(str(refused.value).splitlines()) == 1


def test_weights_as_keras_saves_them_are_taken(keras: Any, tmp_path: Path) -> None:
    network = keras.applications.InceptionV3(
        weights=None, include_top=False, input_shape=(75, 75, 3)
    )
    path = tmp_path / "inception.weights.h5"
    network.save_weights(path)
    # The first variables of the whole network are those of its first blocks.
    found, expected = load(keras, path).get_weights(), network.get_weights()
    for one, other in zip(found, expected, strict=False):
        np.testing.assert_array_equal(one, other)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"imagenet, none or a file\..*No such file"):
        describe_weights(str(tmp_path / "weights.npz"))


def test_a_file_is_described_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "weights.npz").write_bytes(b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    assert describe_weights(str(tmp_path / "weights.npz")) == f"sha256:{digest}"
    assert describe_weights("none") == "none"
