"""What may disturb a measurement, on hosts that tell and on hosts that do not."""

import dataclasses

import pytest

from benchmarks import host_conditions
from benchmarks.host_conditions import HostState, Observed, look_at_host, summarise_conditions
from benchmarks.kept_measurements import KeptMeasurements
from benchmarks.turns import Job, take_turns

QUIET = HostState(
    load=0.1, steal_ticks=10, ticks=1000, temperature_c=50.0, frequency_mhz=1500.0, throttled=0
)


def after(**changes):
    return Observed(before=QUIET, after=dataclasses.replace(QUIET, ticks=2000, **changes))


def test_a_quiet_machine_is_not_noisy():
    found = summarise_conditions([after()], [100.0, 103.0], 1)
    assert found.noisy == ()
    assert found.steal_share == 0.0
    assert found.spread == pytest.approx(0.03)
    assert found.throttled == "0x0"


@pytest.mark.parametrize(
    ("observed", "p50_ms", "said"),
    [
        (after(), [100.0, 120.0], "rounds differ by 20%"),
        (after(steal_ticks=60), [100.0], "5% of the processor time was stolen"),
        (after(throttled=0x50004), [100.0], "throttled"),
    ],
)
def test_a_noisy_machine_says_why(observed, p50_ms, said):
    (reason,) = summarise_conditions([observed], p50_ms, 1).noisy
    assert said in reason


def test_throttling_long_ago_is_recorded_but_no_noise():
    found = summarise_conditions([after(throttled=0x50000)], [100.0], 1)
    assert (found.throttled, found.noisy) == ("0x50000", ())


def test_heat_and_clock_are_the_worst_that_was_seen():
    found = summarise_conditions([after(temperature_c=81.0, frequency_mhz=600.0)], [1.0], 1)
    assert (found.temperature_c, found.frequency_mhz) == (81.0, 600.0)


def test_a_host_that_tells_nothing(monkeypatch, tmp_path):
    for name in ("_STAT", "_THERMAL", "_FREQUENCY"):
        monkeypatch.setattr(host_conditions, name, tmp_path / "absent")
    monkeypatch.setenv("PATH", str(tmp_path))
    state = dataclasses.replace(look_at_host(), load=None)
    assert set(dataclasses.asdict(state).values()) == {None}
    found = summarise_conditions([Observed(before=state, after=state)], [1.0], 1)
    assert (found.steal_share, found.throttled, found.noisy) == (None, None, ())


def test_a_board_is_asked_for_its_flags_heat_and_clock(monkeypatch, tmp_path):
    (tmp_path / "thermal_zone0").mkdir()
    (tmp_path / "thermal_zone0" / "temp").write_text("61500\n")
    (tmp_path / "clock").write_text("1800000\n")
    command = tmp_path / "vcgencmd"
    command.write_text("#!/bin/sh\necho throttled=0x50005\n")
    command.chmod(0o755)
    monkeypatch.setattr(host_conditions, "_THERMAL", tmp_path)
    monkeypatch.setattr(host_conditions, "_FREQUENCY", tmp_path / "clock")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    state = look_at_host()
    assert (state.temperature_c, state.frequency_mhz, state.throttled) == (61.5, 1800.0, 0x50005)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scripted:
    invoke_ms: tuple[float, ...]


def scripted(name: str, values: list[float]) -> Job:
    left = iter(values)
    return Job(
        name=name,
        key={},
        result=Scripted,
        measure=lambda _: Scripted(invoke_ms=(next(left),)),
    )


def test_noisy_groups_are_measured_again_and_the_quieter_attempt_counts():
    jobs = [[scripted("noisy", [10.0, 15.0, 10.0, 10.1])], [scripted("quiet", [5.0, 5.0])]]
    taken = take_turns(jobs, 2, KeptMeasurements(folder=None), repeat_noisy=3)
    assert [found.measured.invoke_ms for found in taken.rounds["noisy"]] == [(10.0,), (10.1,)]
    assert (taken.conditions["noisy"].attempts, taken.conditions["quiet"].attempts) == (2, 1)
    assert taken.conditions["noisy"].spread == pytest.approx(0.01)


def test_a_machine_that_stays_noisy_says_so():
    jobs = [[scripted("noisy", [10.0, 13.0, 10.0, 20.0])]]
    taken = take_turns(jobs, 2, KeptMeasurements(folder=None), repeat_noisy=1)
    assert taken.conditions["noisy"].noisy == ("rounds differ by 30%",)
    assert taken.conditions["noisy"].attempts == 2
