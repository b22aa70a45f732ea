"""The Edge TPU's own library, as it behaves with no device, with a named one, and when it dies."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime import LesionClassifier
from edge_runtime.contract.embed import SealedModel
from edge_runtime.delegates import split_delegate
from edge_runtime.errors import DelegateUnavailableError

Seal = Callable[..., SealedModel]
Build = Callable[[str], None]

LIBRARY = """
#include <stdio.h>
#include <stdlib.h>
typedef void (*report_t)(const char *);
void *tflite_plugin_create_delegate(char **k, char **v, size_t n, report_t report) {
  char text[80] = "no option";
  if (n) snprintf(text, sizeof text, "%%s is %%s", k[0], v[0]);
  %s
  report(text);
  return NULL;
}
void tflite_plugin_destroy_delegate(void *delegate) {}
"""

needs_a_library = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="builds a library for Linux"
)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Builds an Edge TPU library that does as told before it reports its options."""

    def build(statement: str = "") -> None:
        source = tmp_path / "stub.c"
        source.write_text(LIBRARY % statement)
        output = tmp_path / "libedgetpu.so.1"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", output, source], check=True)
        # Read when a process starts: the one that drives the accelerator, not this one.
        monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))

    return build


@pytest.fixture
def edgetpu(sealed_model: Seal) -> Path:
    """A file that says that it was made for an Edge TPU."""
    return sealed_model("int8", variant="edgetpu", requires_delegate="edgetpu").path


@needs_a_library
@pytest.mark.parametrize("device", ["usb", "usb:0", "pci:1"])
def test_the_named_device_is_what_the_library_is_asked_for(
    library: Build, edgetpu: Path, device: str
) -> None:
    library("")
    with pytest.raises(DelegateUnavailableError, match=f"device is {device} "):
        LesionClassifier.open(edgetpu, delegate=device)


@needs_a_library
def test_without_a_name_the_library_takes_any_device(library: Build, edgetpu: Path) -> None:
    library("")
    with pytest.raises(DelegateUnavailableError, match=r"no option \(device=any\)"):
        LesionClassifier.open(edgetpu)


@needs_a_library
def test_a_library_that_dies_leaves_this_process_alive(library: Build, edgetpu: Path) -> None:
    library("abort();")
    with pytest.raises(DelegateUnavailableError, match="ended by SIGABRT"):
        LesionClassifier.open(edgetpu, delegate="usb")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("cpu", ("cpu", "")),
        ("edgetpu", ("edgetpu", "")),
        ("usb:0", ("edgetpu", "usb:0")),
        ("pci", ("edgetpu", "pci")),
    ],
)
def test_a_word_names_a_delegate_and_its_device(word: str, expected: tuple[str, str]) -> None:
    assert split_delegate(word) == expected


@pytest.mark.parametrize("word", ["", "gpu", "usb:", "usb:x", "usb:0 ", "USB"])
def test_an_unknown_word_is_refused_with_those_that_are_known(word: str) -> None:
    with pytest.raises(DelegateUnavailableError, match="usb, usb:0, pci or pci:0"):
        split_delegate(word)


def test_a_device_is_refused_for_a_file_that_was_not_made_for_it(sealed_model: Seal) -> None:
    with pytest.raises(DelegateUnavailableError, match="delegate='usb:0'"):
        LesionClassifier.open(sealed_model("int8").path, delegate="usb:0")
