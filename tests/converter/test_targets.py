"""Estimates of devices, held against the measurements that were published."""

import numpy as np
import pytest

from converter.inception_v3 import network_cost
from converter.latency_estimate import estimate_cpu, estimate_edgetpu, estimate_memory
from converter.targets import ON_CHIP_BYTES, TARGETS

# 10⁹ multiplications with addition, 10⁶ parameters: of the networks' papers.
NETWORKS = {
    "MobileNet v1": (0.569, 4.24),
    "MobileNet v2": (0.301, 3.47),
    "Inception v1": (1.43, 6.6),
    "Inception v4": (12.27, 42.7),
}
# google-coral/pycoral, benchmarks/reference, in the same order.
MEASURED = {
    "x86-64 desktop": (2.17, 2.29, 3.06, 84.25),
    "Pi 4B": (4.204, 4.548, 6.213, 141.2),
    "Pi 3B+": (9.0, 10.61, 18.94, 1054.94),
}
FITS = {fit.host: fit for target in TARGETS.values() for fit in target.edgetpu}


@pytest.mark.parametrize("host", MEASURED)
def test_fits_are_least_squares_of_relative_errors(host: str) -> None:
    streamed = [max(0.0, size - ON_CHIP_BYTES / 1e6) for _, size in NETWORKS.values()]
    gmacs = [gmac for gmac, _ in NETWORKS.values()]
    times = np.array(MEASURED[host])
    terms = np.stack([np.ones(4), np.array(gmacs), np.array(streamed)], axis=1) / times[:, None]
    fixed, per_gmac, per_mb = np.linalg.lstsq(terms, np.ones(4), rcond=None)[0]
    fit = FITS[host]
    assert fit.fixed_ms == pytest.approx(fixed, rel=0.01)
    assert fit.ms_per_gmac == pytest.approx(per_gmac, rel=0.01)
    assert fit.ms_per_streamed_mb == pytest.approx(per_mb, rel=0.01)


@pytest.mark.parametrize(
    ("gmacs", "parameters_mb", "published_ms"),
    [
        pytest.param(5.71, 23.8, 42.8, id="InceptionV3"),
        pytest.param(7.3, 25.6, 49, id="ResNet-50"),
        pytest.param(20.6, 60.4, 128, id="ResNet-152"),
        pytest.param(15.5, 138.4, 296, id="VGG16"),
        pytest.param(19.6, 143.7, 308, id="VGG19"),
    ],
)
def test_networks_that_were_not_fitted_come_out_within_the_range(
    gmacs: float, parameters_mb: float, published_ms: float
) -> None:
    memory = estimate_memory(int(parameters_mb * 1e6))
    latency = estimate_edgetpu(TARGETS["coral-usb3"], int(gmacs * 1e9), memory)
    assert latency.low_ms < published_ms < latency.high_ms


@pytest.mark.parametrize(
    ("name", "int8", "gmacs", "published_ms"),
    [
        pytest.param("pi4", True, 1.5, 118.8, id="GoogLeNet int8"),
        pytest.param("pi4", True, 1.81, 98, id="ResNet-18 int8"),
        pytest.param("pi4", True, 0.569, 40.3, id="MobileNet v1 int8"),
        pytest.param("pi4", False, 0.569, 75, id="MobileNet v1 float"),
        pytest.param("pi4", False, 1.81, 176, id="ResNet-18 float"),
    ],
)
def test_a_pi_takes_what_was_published(
    name: str, int8: bool, gmacs: float, published_ms: float
) -> None:
    rate, macs = TARGETS[name].cpu, int(gmacs * 1e9)
    assert rate is not None
    latency = estimate_cpu(rate, macs if int8 else 0, 0 if int8 else macs)
    assert 0.97 * latency.low_ms < published_ms < 1.03 * latency.high_ms


def test_memory_is_certain_only_beyond_what_compilers_left() -> None:
    assert [estimate_memory(size).fits for size in (5_000_000, 7_000_000, 9_000_000)] == [
        *("yes", "uncertain", "no")
    ]
    large = estimate_memory(20_000_000)
    assert large.on_chip_bytes == ON_CHIP_BYTES
    assert 0 < large.streamed_bytes[0] < large.streamed_bytes[1] < 20_000_000


def test_usb_2_and_larger_networks_are_slower() -> None:
    def high(target: str, cut: str) -> float:
        cost = network_cost(cut, (224, 224))
        memory = estimate_memory(cost.int8_bytes)
        return estimate_edgetpu(TARGETS[target], cost.macs, memory).high_ms

    assert (
        high("coral-usb3", "mixed5") < high("coral-usb3", "mixed10") < high("coral-usb2", "mixed10")
    )
