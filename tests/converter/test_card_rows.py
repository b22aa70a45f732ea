"""What ``melanoma-convert card`` says of the training behind a file."""

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

import pytest

from converter import cli

Sealed = Callable[..., Any]


def shown_card(
    sealed: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    monkeypatch.setattr(sys, "argv", ["melanoma-convert", "card", str(sealed.path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    return capsys.readouterr().out


def test_imbalance_is_shown_and_leakage_only_where_there_is_some(
    sealed_model: Sealed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = sealed_model("int8")
    text = shown_card(sound, monkeypatch, capsys)
    assert "imbalance" in text
    assert "class weights" in text
    assert "leakage" not in text
    training = dataclasses.replace(sound.card.training, leaked_pictures=12)
    text = shown_card(sealed_model("int8", training=training), monkeypatch, capsys)
    assert "leakage" in text
    assert "12 pictures across splits, figures are too good" in text
