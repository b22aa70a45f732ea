import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from edge_runtime.errors import OutputExistsError
from edge_runtime.evaluation import roc_auc
from edge_runtime.synthetic import LABELS, SyntheticLesion, draw_lesion
from edge_runtime.synthetic_dataset import write_dataset
from edge_runtime.synthetic_skin import Canvas, ramp

Pictures = npt.NDArray[np.uint8]
PICTURES_PER_LABEL = 80


def mean_difference(first: Pictures, second: Pictures) -> float:
    return float(np.abs(first.astype(np.int16) - second).mean())


def shrunk(picture: Pictures, factor: int) -> Pictures:
    return np.asarray(Image.fromarray(picture).reduce(factor))


@pytest.fixture(scope="module")
def labelled_pictures() -> tuple[Pictures, npt.NDArray[np.int_]]:
    pictures = [
        draw_lesion(label, seed=1000 * index + number, size_hw=(64, 64))
        for index, label in enumerate(LABELS)
        for number in range(PICTURES_PER_LABEL)
    ]
    return np.stack(pictures), np.repeat([0, 1], PICTURES_PER_LABEL)


class TestDrawLesion:
    @pytest.mark.parametrize("label", LABELS)
    @pytest.mark.parametrize("size_hw", [(224, 224), (96, 160), (33, 17), (1, 1)])
    def test_shape_and_type(self, label: str, size_hw: tuple[int, int]) -> None:
        picture = draw_lesion(label, seed=3, size_hw=size_hw)
        assert picture.shape == (*size_hw, 3)
        assert picture.dtype == np.uint8
        assert picture.flags.c_contiguous
        assert picture.flags.writeable

    @pytest.mark.parametrize("label", LABELS)
    def test_same_arguments_give_the_same_bytes(self, label: str) -> None:
        first = draw_lesion(label, seed=5, size_hw=(96, 96), view=2)
        assert first.tobytes() == draw_lesion(label, seed=5, size_hw=(96, 96), view=2).tobytes()

    def test_seed_label_and_view_each_change_the_picture(self) -> None:
        picture = draw_lesion("benign", seed=5, size_hw=(96, 96))
        others = [
            draw_lesion("benign", seed=6, size_hw=(96, 96)),
            draw_lesion("malignant", seed=5, size_hw=(96, 96)),
            draw_lesion("benign", seed=5, size_hw=(96, 96), view=1),
        ]
        assert all(mean_difference(picture, other) > 1 for other in others)

    @pytest.mark.parametrize("label", LABELS)
    @pytest.mark.parametrize(("side", "factor"), [(224, 2), (96, 2), (96, 4), (48, 4)])
    def test_same_lesion_at_every_size(self, label: str, side: int, factor: int) -> None:
        for seed in range(4):
            small = draw_lesion(label, seed, (side, side))
            large = draw_lesion(label, seed, (side * factor, side * factor))
            other = draw_lesion(label, seed + 100, (side, side))
            assert mean_difference(small, shrunk(large, factor)) < 2.5
            assert mean_difference(small, other) > 10

    def test_picture_that_is_not_square_is_the_middle_of_the_square(self) -> None:
        square = draw_lesion("malignant", seed=8, size_hw=(200, 200))
        wide = draw_lesion("malignant", seed=8, size_hw=(150, 200))
        tall = draw_lesion("malignant", seed=8, size_hw=(200, 150))
        np.testing.assert_array_equal(wide, square[25:175])
        np.testing.assert_array_equal(tall, square[:, 25:175])

    def test_labels_share_skin_and_light_for_one_seed(self) -> None:
        for seed in range(5):
            benign, malignant = (draw_lesion(label, seed, (224, 224)) for label in LABELS)
            np.testing.assert_array_equal(benign[:16], malignant[:16])
            assert mean_difference(benign[72:152, 72:152], malignant[72:152, 72:152]) > 3

    def test_lesion_is_darker_than_its_skin(
        self, labelled_pictures: tuple[Pictures, npt.NDArray[np.int_]]
    ) -> None:
        brightness = labelled_pictures[0].mean(axis=3)
        middle, rim = brightness[:, 24:40, 24:40], brightness[:, 8:12, 16:48]
        darker = np.median(middle, axis=(1, 2)) < np.median(rim, axis=(1, 2))
        assert darker.mean() > 0.9

    def test_unknown_label_is_refused(self) -> None:
        with pytest.raises(ValueError, match="Received: label='naevus'"):
            draw_lesion("naevus", seed=0)

    @pytest.mark.parametrize("size_hw", [(0, 10), (10, -1)])
    def test_impossible_size_is_refused(self, size_hw: tuple[int, int]) -> None:
        with pytest.raises(ValueError, match="Received: size_hw="):
            draw_lesion("benign", seed=0, size_hw=size_hw)

    def test_negative_seed_is_refused(self) -> None:
        with pytest.raises(ValueError):
            draw_lesion("benign", seed=-1)


class TestClasses:
    def test_atypia_overlaps(self) -> None:
        rng = np.random.default_rng(0)
        atypia = [
            SyntheticLesion.sample(label, rng).atypia for label in LABELS for _ in range(2000)
        ]
        assert 0.97 < roc_auc(np.repeat([0, 1], 2000), np.array(atypia)) < 0.995

    @pytest.mark.parametrize("label", LABELS)
    def test_parameters_stay_in_their_ranges(self, label: str) -> None:
        rng = np.random.default_rng(1)
        for lesion in (SyntheticLesion.sample(label, rng) for _ in range(500)):
            shares = (lesion.atypia, lesion.network, lesion.globules, lesion.veil, lesion.scar)
            assert all(0 <= share <= 1 for share in shares)
            assert min(lesion.radius, lesion.edge_width, lesion.melanin) > 0
            assert min(lesion.blotch, lesion.redness, lesion.tilt) >= 0

    def test_malignant_pictures_are_less_symmetric(
        self, labelled_pictures: tuple[Pictures, npt.NDArray[np.int_]]
    ) -> None:
        pictures, labels = labelled_pictures
        asymmetry = [lesion_asymmetry(picture) for picture in pictures]
        assert roc_auc(labels, np.array(asymmetry)) > 0.65

    def test_malignant_pictures_have_more_colours(
        self, labelled_pictures: tuple[Pictures, npt.NDArray[np.int_]]
    ) -> None:
        pictures, labels = labelled_pictures
        colours = [
            len(np.unique(picture[16:48, 16:48].reshape(-1, 3) // 24, axis=0))
            for picture in pictures
        ]
        assert roc_auc(labels, np.array(colours)) > 0.6

    def test_mean_colour_does_not_give_the_label_away(
        self, labelled_pictures: tuple[Pictures, npt.NDArray[np.int_]]
    ) -> None:
        pictures, labels = labelled_pictures
        means = pictures.mean(axis=(1, 2))
        features = np.column_stack([means, np.ones(len(means))])
        weights, *_ = np.linalg.lstsq(features, labels, rcond=None)
        assert roc_auc(labels, features @ weights) < 0.8


def lesion_asymmetry(picture: Pictures) -> float:
    """Difference between the dark area's middle and its half turn about its own centre."""
    brightness = picture.mean(axis=2)
    rows, columns = np.nonzero(brightness[8:56, 8:56] < np.quantile(brightness[8:56, 8:56], 0.25))
    row, column = 8 + round(float(np.median(rows))), 8 + round(float(np.median(columns)))
    reach = min(16, row, column, 63 - row, 63 - column)
    window = picture[row - reach : row + reach + 1, column - reach : column + reach + 1]
    return mean_difference(window, window[::-1, ::-1])


class TestWriteDataset:
    def test_layout(self, tmp_path: Path) -> None:
        paths = write_dataset(tmp_path / "set", benign=3, malignant=2, seed=1, size_hw=(32, 48))
        with (tmp_path / "set" / "metadata.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert list(rows[0]) == ["file", "label", "lesion_id"]
        assert [tmp_path / "set" / row["file"] for row in rows] == paths
        assert [row["label"] for row in rows] == ["benign"] * 3 + ["malignant"] * 2
        assert all(row["file"].startswith(f"{row['label']}/synthetic_") for row in rows)
        found = {path for path in (tmp_path / "set").rglob("*") if path.is_file()}
        assert found == {*paths, tmp_path / "set" / "metadata.csv"}
        for path in paths:
            with Image.open(path) as picture:
                assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (48, 32))

    def test_same_seed_writes_the_same_bytes(self, tmp_path: Path) -> None:
        for name in ("first", "second"):
            write_dataset(tmp_path / name, benign=2, malignant=2, seed=4, size_hw=(16, 16))
        for path in (tmp_path / "first").rglob("*.*"):
            twin = tmp_path / "second" / path.relative_to(tmp_path / "first")
            assert path.read_bytes() == twin.read_bytes()

    def test_some_lesions_have_two_different_pictures(self, tmp_path: Path) -> None:
        write_dataset(tmp_path / "set", benign=40, malignant=40, seed=2, size_hw=(8, 8))
        lesions = lesions_of(tmp_path / "set")
        assert {len(files) for files in lesions.values()} == {1, 2}
        pairs = [files for files in lesions.values() if len(files) == 2]
        assert 0.03 < len(pairs) / len(lesions) < 0.25
        for first, second in pairs:
            assert first.parent == second.parent
            assert first.read_bytes() != second.read_bytes()

    def test_larger_set_holds_the_lesions_of_a_smaller_one(self, tmp_path: Path) -> None:
        write_dataset(tmp_path / "small", benign=4, malignant=4, seed=3, size_hw=(8, 8))
        write_dataset(tmp_path / "large", benign=9, malignant=6, seed=3, size_hw=(8, 8))
        assert lesions_of(tmp_path / "small").keys() < lesions_of(tmp_path / "large").keys()

    def test_progress_counts_every_picture(self, tmp_path: Path) -> None:
        progress: list[int] = []
        write_dataset(
            tmp_path / "set",
            benign=2,
            malignant=1,
            seed=1,
            size_hw=(8, 8),
            on_progress=progress.append,
        )
        assert progress == [1, 2, 3]

    def test_empty_folder_is_filled(self, tmp_path: Path) -> None:
        (tmp_path / "set").mkdir()
        assert write_dataset(tmp_path / "set", benign=1, malignant=0, seed=1, size_hw=(8, 8))

    def test_folder_with_something_in_it_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(OutputExistsError, match="Received: folder="):
            write_dataset(tmp_path, benign=1, malignant=1, seed=1)
        assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]

    def test_file_in_the_way_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "set").write_text("mine")
        with pytest.raises(OutputExistsError):
            write_dataset(tmp_path / "set", benign=1, malignant=1, seed=1)
        assert (tmp_path / "set").read_text() == "mine"

    def test_interruption_leaves_nothing(self, tmp_path: Path) -> None:
        def interrupt(done: int) -> None:
            if done == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_dataset(
                tmp_path / "set",
                benign=2,
                malignant=2,
                seed=1,
                size_hw=(8, 8),
                on_progress=interrupt,
            )
        assert list(tmp_path.iterdir()) == []

    def test_remains_of_a_killed_run_are_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "set.partial" / "benign").mkdir(parents=True)
        (tmp_path / "set.partial" / "benign" / "stale.jpg").touch()
        write_dataset(tmp_path / "set", benign=1, malignant=1, seed=1, size_hw=(8, 8))
        assert [path.name for path in tmp_path.iterdir()] == ["set"]
        assert not (tmp_path / "set" / "benign" / "stale.jpg").exists()


def lesions_of(folder: Path) -> dict[str, list[Path]]:
    lesions: dict[str, list[Path]] = {}
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            lesions.setdefault(row["lesion_id"], []).append(folder / row["file"])
    return lesions


class TestCanvas:
    def test_ramp_falls_where_low_is_above_high(self) -> None:
        values = np.array([-1.0, 0.0, 0.5, 1.0, 2.0], np.float32)
        np.testing.assert_allclose(ramp(values, 0, 1), [0, 0, 0.5, 1, 1])
        np.testing.assert_allclose(ramp(values, 1, 0), [1, 1, 0.5, 0, 0])

    def test_noise_turns_with_the_lesion(self) -> None:
        upright = Canvas(side=128, rotation=0.0, shift=(0.0, 0.0), zoom=1.0)
        turned = Canvas(side=128, rotation=np.pi / 2, shift=(0.0, 0.0), zoom=1.0)
        first, second = (
            canvas.noise(np.random.default_rng(7), cells=12) for canvas in (upright, turned)
        )
        inner = slice(8, 120)
        difference = np.abs(np.rot90(first) - second)[inner, inner]
        assert difference.max() < 0.1 * first.std()

    def test_dot_lies_at_its_lesion_coordinates(self) -> None:
        canvas = Canvas(side=200, rotation=0.7, shift=(0.1, -0.05), zoom=1.1)
        dots = canvas.dots(np.array([[0.3, -0.2]]), np.array([0.05]))
        row, column = np.unravel_index(int(dots.argmax()), dots.shape)
        assert canvas.x[row, column] == pytest.approx(0.3, abs=0.02)
        assert canvas.y[row, column] == pytest.approx(-0.2, abs=0.02)

    def test_dots_outside_the_picture_draw_nothing(self) -> None:
        canvas = Canvas(side=64, rotation=0.0, shift=(0.0, 0.0), zoom=1.0)
        far = np.array([[5.0, 0.0], [-5.0, 0.0], [0.0, 5.0], [0.0, -5.0]])
        assert not canvas.dots(far, np.full(4, 0.05)).any()
