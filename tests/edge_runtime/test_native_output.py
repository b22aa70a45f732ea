"""What native code writes stays out of the terminal, unless it is asked for."""

import os

import pytest

from edge_runtime.native_output import native_output_hidden

Capture = pytest.CaptureFixture[str]


def chatter() -> int:
    """Write past Python, as C++ does; the bytes written."""
    return os.write(1, b"native stdout\n") + os.write(2, b"native stderr\n")


def test_native_output_is_hidden_and_python_is_heard_again_afterwards(capfd: Capture) -> None:
    with native_output_hidden():
        chatter()
    os.write(1, b"afterwards\n")
    assert capfd.readouterr() == ("afterwards\n", "")


def test_the_streams_are_restored_after_an_error(capfd: Capture) -> None:
    with pytest.raises(ZeroDivisionError), native_output_hidden():
        raise ZeroDivisionError(chatter())
    os.write(2, b"afterwards\n")
    assert capfd.readouterr() == ("", "afterwards\n")


def test_it_can_be_asked_for(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MELANOMA_NATIVE_LOG", "1")
    with native_output_hidden():
        chatter()
    assert capfd.readouterr() == ("native stdout\n", "native stderr\n")
