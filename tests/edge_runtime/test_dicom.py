"""DICOM pictures: red stays red in every encoding, and what is no colour picture is refused."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edge_runtime import Assessment, Decision, LesionClassifier
from edge_runtime.annotate import annotate
from edge_runtime.contract.embed import SealedModel
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.dicom import dicom_pixels, is_dicom
from edge_runtime.errors import ImageDecodeError, InputError, MissingDependencyError

RED, GREEN = (200, 30, 30), (20, 160, 90)
UNCOMPRESSED = "1.2.840.10008.1.2.1"
JPEG = "1.2.840.10008.1.2.4.50"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
ADOBE_YCBCR = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01"
Make = Callable[..., bytes]


@pytest.fixture
def patch() -> Pixels:
    """Red left, green right, with a sensor's noise: uint8 (64, 96, 3), RGB."""
    pixels = np.empty((64, 96, 3), np.int16)
    pixels[:, :48], pixels[:, 48:] = RED, GREEN
    pixels += np.random.default_rng(0).integers(-5, 6, pixels.shape, np.int16)
    return pixels.astype(np.uint8)


@pytest.fixture
def dicom(patch: Pixels) -> Make:
    """Makes a DICOM file: ``dicom(data, syntax, **tags)``; ``data`` is its pixels."""
    pydicom = pytest.importorskip("pydicom", reason='needs pip install "melanoma-edge[dicom]"')
    encapsulate = pytest.importorskip("pydicom.encaps").encapsulate

    def make(data: bytes | None = None, syntax: str = UNCOMPRESSED, **tags: Any) -> bytes:
        dataset = pydicom.Dataset()
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.4"  # VL photographic
        dataset.SOPInstanceUID = "1.2.3.4"
        dataset.PatientName = "Doe^Jane"
        usual = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "Rows": 64}
        usual |= {"Columns": 96, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
        usual |= {"PixelRepresentation": 0, "PlanarConfiguration": 0}
        for name, value in (usual | tags).items():
            setattr(dataset, name, value)
        raw = patch.tobytes() if data is None else data
        dataset.PixelData = raw if syntax == UNCOMPRESSED else encapsulate([raw])
        buffer = io.BytesIO()
        dataset.save_as(buffer, enforce_file_format=True)
        return buffer.getvalue()

    return make


def encoded(pixels: Pixels, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def test_uncompressed_pixels_are_exact(dicom: Make, patch: Pixels, tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(dicom())
    assert is_dicom(path.read_bytes())
    np.testing.assert_array_equal(dicom_pixels(path), patch)
    planes = patch.transpose(2, 0, 1).tobytes()
    np.testing.assert_array_equal(dicom_pixels(dicom(planes, PlanarConfiguration=1)), patch)


def test_luma_and_chroma_become_red_again(dicom: Make, patch: Pixels) -> None:
    luma_chroma = np.asarray(Image.fromarray(patch).convert("YCbCr"))
    full = dicom_pixels(dicom(luma_chroma.tobytes(), PhotometricInterpretation="YBR_FULL"))
    assert np.abs(full.astype(int) - patch).max() <= 3  # twice rounded to 8 bits
    pairs = luma_chroma.reshape(64, 48, 2, 3)
    first, second = pairs[:, :, 0], pairs[:, :, 1]  # two pixels share the first one's colour
    data = np.stack([first[..., 0], second[..., 0], first[..., 1], first[..., 2]], -1).tobytes()
    shared = dicom_pixels(dicom(data, PhotometricInterpretation="YBR_FULL_422"))
    assert np.abs(shared.mean((0, 1)) - patch.mean((0, 1))).max() < 2


@pytest.mark.parametrize("marked", [False, True])
def test_a_jpeg_has_the_pixels_of_the_same_jpeg_in_a_file(
    dicom: Make, patch: Pixels, marked: bool
) -> None:
    jpeg = encoded(patch, "JPEG", quality=90)
    if marked:  # as Adobe's software and some cameras do
        jpeg = jpeg[:2] + ADOBE_YCBCR + jpeg[2:]
    pixels = dicom_pixels(dicom(jpeg, JPEG, PhotometricInterpretation="YBR_FULL_422"))
    np.testing.assert_array_equal(pixels, Image.open(io.BytesIO(jpeg)).convert("RGB"))
    assert np.abs(pixels[10, 10].astype(int) - RED).max() < 12


def test_a_jpeg_of_rgb_is_not_converted(dicom: Make, patch: Pixels) -> None:
    jpeg = encoded(patch, "JPEG", quality=95, keep_rgb=True, subsampling=0)
    pixels = dicom_pixels(dicom(jpeg, JPEG))
    assert np.abs(pixels.astype(int) - patch).max() < 20


def test_lossless_jpeg_2000_is_exact(dicom: Make, patch: Pixels) -> None:
    data = encoded(patch, "JPEG2000", irreversible=False, no_jp2=True, mct=1)
    tags = {"PhotometricInterpretation": "YBR_RCT"}
    np.testing.assert_array_equal(dicom_pixels(dicom(data, JPEG_2000_LOSSLESS, **tags)), patch)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"PhotometricInterpretation": "MONOCHROME2", "SamplesPerPixel": 1}, "MONOCHROME2"),
        ({"PhotometricInterpretation": "PALETTE COLOR", "SamplesPerPixel": 1}, "PALETTE COLOR"),
        ({"NumberOfFrames": 3}, "NumberOfFrames=3"),
        ({"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11}, "BitsStored=12"),
        ({"Rows": 60000, "Columns": 60000}, "60000×60000"),
        ({"Rows": None}, "without Rows"),
    ],
)
def test_what_is_no_single_colour_picture_is_refused(
    dicom: Make, tags: dict[str, Any], words: str
) -> None:
    with pytest.raises(ImageDecodeError, match=words):
        dicom_pixels(dicom(**tags))


def test_a_dicom_file_is_assessed_as_the_jpeg_in_it(
    dicom: Make, patch: Pixels, sealed_model: Callable[..., SealedModel], tmp_path: Path
) -> None:
    jpeg, path = encoded(patch, "JPEG"), tmp_path / "lesion.dcm"
    path.write_bytes(dicom(jpeg, JPEG, PhotometricInterpretation="YBR_FULL_422"))
    with LesionClassifier.open(sealed_model("int8").path) as classifier:
        from_dicom, from_jpeg = classifier.assess(path), classifier.assess(jpeg)
    assert (from_dicom.logit, from_dicom.decision) == (from_jpeg.logit, from_jpeg.decision)


def test_a_dicom_file_is_annotated(dicom: Make, patch: Pixels) -> None:
    assessment = Assessment(
        decision=Decision.REFER,
        score=0.5,
        logit=0.0,
        reasons=("score 0.500 is at or above the threshold 0.500",),
        preprocess_ms=1.0,
        invoke_ms=1.0,
        latency_ms=2.0,
        model="tiny",
        variant="int8",
        runtime="ai-edge-litert 2.3.0",
        delegate="cpu",
    )
    page = annotate(dicom(), assessment)
    left = (page.width - patch.shape[1]) // 2
    drawn = np.asarray(page)[: patch.shape[0], left : left + patch.shape[1]]
    assert np.array_equal(drawn, patch)


def test_damaged_files_are_refused(dicom: Make, patch: Pixels) -> None:
    whole = dicom()
    for damaged in (whole[:200], whole[:-5000], whole[:132] + bytes(500)):
        with pytest.raises(ImageDecodeError):
            dicom_pixels(damaged)
    jpeg = encoded(patch, "JPEG")
    with pytest.raises(ImageDecodeError, match="JPEG Baseline"):
        dicom_pixels(dicom(jpeg[: len(jpeg) // 2], JPEG, PhotometricInterpretation="YBR_FULL_422"))
    small = encoded(patch[:, :48], "JPEG")
    with pytest.raises(ImageDecodeError, match="JPEG of 48×64"):
        dicom_pixels(dicom(small, JPEG, PhotometricInterpretation="YBR_FULL_422"))


def test_no_message_names_the_patient(dicom: Make) -> None:
    with pytest.raises(ImageDecodeError) as refused:
        dicom_pixels(dicom(b"\xff\xd8 no picture", JPEG_LOSSLESS))
    assert "Doe" not in str(refused.value)
    assert "JPEG Lossless" in str(refused.value)


def test_what_is_no_dicom_is_refused(dicom: Make, tmp_path: Path) -> None:
    del dicom  # for its skip
    with pytest.raises(ImageDecodeError, match="expected a DICOM file"):
        dicom_pixels(b"\xff\xd8\xff\xe0 a JPEG")
    with pytest.raises(InputError):
        dicom_pixels(tmp_path / "absent.dcm")


def test_an_absent_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(MissingDependencyError, match=r"melanoma-edge\[dicom\]"):
        dicom_pixels(bytes(128) + b"DICM")
