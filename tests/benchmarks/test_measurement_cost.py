"""``melanoma-bench overhead``."""

import json

import pytest
from typer.testing import CliRunner

from benchmarks.cli import app
from benchmarks.single_stream import ask_in_turn
from edge_runtime.errors import InputError


def test_both_loops_answer_every_picture(shared_world):
    command = ["overhead", str(shared_world.data), "--limit", "6", "--json"]
    command += ["--model", str(shared_world.model("int8"))]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    cost = json.loads(result.stdout)
    assert cost["pictures"] == 6
    assert cost["share"] == pytest.approx(cost["empty_us"] / cost["plain_ms"] / 1e3)
    table = CliRunner().invoke(app, command[:-3] + command[-2:], catch_exceptions=False).stdout
    assert "not measured" in table


def test_no_pictures(shared_world, tmp_path):
    (tmp_path / "empty").mkdir()
    command = ["overhead", str(tmp_path / "empty"), "--model", str(shared_world.model("int8"))]
    with pytest.raises(InputError):
        CliRunner().invoke(app, command, catch_exceptions=False)


def test_queries_follow_each_other_until_count_and_time_are_reached():
    asked: list[str] = []
    assert ask_in_turn(asked.append, "abc", count=5, min_s=0.0) == [None] * 5
    assert asked == ["a", "b", "c", "a", "b"]
    longer = ask_in_turn(str, (1, 2), count=1, min_s=0.02)
    assert len(longer) > 1
