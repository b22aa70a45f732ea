"""Energy from what Linux shows of a meter; none of these is in the machine that tests run on."""

from pathlib import Path

import pytest

from benchmarks.energy import find_meter, metered
from benchmarks.latency import energy_of
from benchmarks.measure import Measurement
from edge_runtime.classifier import OpeningTimes

PACKAGE = "class/powercap/intel-rapl:0"
CORE = "class/powercap/intel-rapl:0:0"


def show(sys: Path, folder: str, **files: object) -> Path:
    place = sys / folder
    place.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (place / name).write_text(f"{content}\n")
    return place


def test_without_a_meter_nothing_is_told(tmp_path: Path) -> None:
    assert find_meter(tmp_path) is None
    with metered(None) as energy:
        pass
    assert (energy.meter, energy.joules) == (None, None)


def test_a_sensor_on_the_supply_comes_before_others(tmp_path: Path) -> None:
    show(tmp_path, PACKAGE, name="package-0", energy_uj=5, max_energy_range_uj=100)
    show(tmp_path, "class/hwmon/hwmon0", name="amdgpu", power1_average=3_000_000)
    show(tmp_path, "class/hwmon/hwmon1", name="ina219", power1_input=2_500_000)
    meter = find_meter(tmp_path)
    assert meter is not None
    assert meter.name.startswith("ina219")


def test_power_is_added_up_over_the_time_it_was_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = show(tmp_path, "class/hwmon/hwmon1", name="ina219", power1_input=2_000_000)
    clock = iter((10.0, 11.0, 14.0))
    monkeypatch.setattr("benchmarks.energy.time.monotonic", lambda: next(clock))
    meter = find_meter(tmp_path)
    assert meter is not None
    start = meter.joules()
    assert meter.joules() - start == pytest.approx(2.0)
    (sensor / "power1_input").write_text("4000000\n")
    assert meter.joules() - start == pytest.approx(2.0 + 3 * 4.0)


def test_a_counter_may_begin_anew_and_parts_do_not_count_twice(tmp_path: Path) -> None:
    package = show(tmp_path, PACKAGE, name="package-0", energy_uj=9e6, max_energy_range_uj=10e6)
    show(tmp_path, CORE, name="core", energy_uj=1, max_energy_range_uj=10e6)
    meter = find_meter(tmp_path)
    assert meter is not None
    with metered(meter) as energy:
        (package / "energy_uj").write_text("500000\n")
    assert energy.joules == pytest.approx(1.5)
    assert energy.meter == "RAPL, processor packages"


def test_a_meter_that_may_not_be_read_is_none(tmp_path: Path) -> None:
    show(tmp_path, PACKAGE, name="package-0", energy_uj="", max_energy_range_uj=100)
    show(tmp_path, "class/hwmon/hwmon1", name="ina219", power1_input="")
    assert find_meter(tmp_path) is None


def test_a_meter_that_goes_away_leaves_the_figure_out(tmp_path: Path) -> None:
    sensor = show(tmp_path, "class/hwmon/hwmon1", name="ina219", power1_input=2_000_000)
    with metered(find_meter(tmp_path)) as energy:
        (sensor / "power1_input").unlink()
    assert energy.joules is None


def measurement(meter: str | None, picture_j: float | None) -> Measurement:
    return Measurement(
        opening=OpeningTimes(verify_ms=1, load_ms=1, self_test_ms=1),
        first_ms=1,
        preprocess_ms=(1,),
        invoke_ms=(1,),
        end_to_end_ms=(1,),
        steady_mib=None,
        peak_mib=None,
        energy_meter=meter,
        picture_j=picture_j,
    )


def test_rounds_give_a_median_and_a_range() -> None:
    found = energy_of([measurement("ina219", value) for value in (0.3, 0.1, 0.2, None)])
    assert found is not None
    assert (found.low_j, found.picture_j, found.high_j) == (0.1, 0.2, 0.3)
    assert energy_of([measurement(None, None)]) is None
