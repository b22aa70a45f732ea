"""The devices and runtimes that a file can be checked for, with the source of every number."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class CpuRate:
    """Arithmetic of a processor with all its four cores, slowest and fastest published network.

    Attributes:
        int8_gmacs_per_s: 10⁹ multiplications with addition a second, of int8 weights and values.
        float_gmacs_per_s: The same of everything else.
        basis: Where the numbers are from.
    """

    int8_gmacs_per_s: tuple[float, float]
    float_gmacs_per_s: tuple[float, float]
    basis: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EdgeTpuTiming:
    """Latency of an Edge TPU: a fixed part, its arithmetic, and parameters streamed over USB.

    Attributes:
        host: The machine that it was measured on.
        fixed_ms: Of each inference.
        ms_per_gmac: Of 10⁹ multiplications with addition.
        ms_per_streamed_mb: Of 10⁶ bytes that do not stay on the chip.
    """

    host: str
    fixed_ms: float
    ms_per_gmac: float
    ms_per_streamed_mb: float


@dataclass(frozen=True, kw_only=True)
class Target:
    """A device or a runtime.

    Attributes:
        name: As on the command line.
        words: What it is.
        runtime: Whose operator versions count, one of ``registered_versions.RUNTIMES``; None
            where the Edge TPU compiler's count.
        cpu: How fast it computes; None where that is not known.
        edgetpu: Fits of the fastest and of the slowest host; empty where there is no Edge TPU.
        margin: Relative error that is added to the Edge TPU's fits.
        basis: Where the fits are from.
    """

    name: str
    words: str
    runtime: str | None
    cpu: CpuRate | None = None
    edgetpu: tuple[EdgeTpuTiming, ...] = ()
    margin: float = 0.0
    basis: tuple[str, ...] = ()


# What a compiled model's instructions leave of the chip's 8 MiB for parameters: used and remaining
# cache of eight compilations of networks of 4 MiB and more; least, median and most.
ON_CHIP_LEAST_BYTES = 6 * MIB
ON_CHIP_BYTES = int(7.05 * MIB)
ON_CHIP_MOST_BYTES = int(7.64 * MIB)
ON_CHIP_BASIS = (
    "8 MB of memory on the chip: coral.ai/docs/edgetpu/compiler (parameter data caching)",
    "cache used + remaining in compiler logs, MiB: google-coral/edgetpu 6.0 (#211), 6.99 (#356), "
    "7.04 (#671), 7.16 (#518); 6.15 (PINTO0309/openvino2tensorflow #28), 7.06 (WongKinYiu/yolov7 "
    "#1672), 7.24 (motokimura/yolox-ti-lite_tflite #2), 7.64 (eehoeskrap/PaperReview #15); "
    "exceptions: google-coral/edgetpu 1.1 (#572), 1.9 (#427); small ones 7.7 (#463), 8.2 (#324)",
)

# Pi 4: googlenet_int8 119 ms (1.5 GMAC) and resnet18_int8 98 ms (1.81), ncnn, 4 threads; float:
# MobileNet v2 44 ms (0.30, XNNPACK, 4 threads), googlenet 143 ms.
_PI4_INT8, _PI4_FLOAT = (12.6, 18.5), (6.8, 10.5)
# Pi 5 against Pi 4, same networks and program: TensorFlow 3.25 and 3.99, TFLite 4.79 and 4.89.
_PI5_FASTER = (3.25, 4.89)
_PI4_BASIS = (
    "int8: GoogLeNet 119 ms, ResNet-18 98 ms on a Pi 4, 4 threads, ncnn (Tencent/ncnn #3485)",
    "float: GoogLeNet 143 ms (same), MobileNet v1 75 ms and v2 44 ms, 4 threads, XNNPACK "
    "(google/XNNPACK README of 2020)",
)
_PI5_BASIS = (
    *_PI4_BASIS,
    "Pi 5: 3.25 to 4.89 times a Pi 4 (aallan/benchmarking-ml-on-the-edge: 484 / 149 ms and "
    "264 / 66 ms TensorFlow, 113 / 23.5 ms and 83 / 16.9 ms TensorFlow Lite)",
)


def _times(rates: tuple[float, float], factors: tuple[float, float]) -> tuple[float, float]:
    return rates[0] * factors[0], rates[1] * factors[1]


_MEASURED_HOSTS = (
    "google-coral/pycoral benchmarks/reference: MobileNet v1 and v2, Inception v1 and v4; "
    "x86-64 2.17 / 2.29 / 3.06 / 84.25 ms, Pi 4B 4.20 / 4.55 / 6.21 / 141.2 ms, "
    "Pi 3B+ (USB 2) 9.0 / 10.6 / 18.9 / 1055 ms"
)
_HELD_OUT = (
    "not used for the fit, published and predicted on x86-64 (coral.ai/models, "
    "coral.ai/docs/edgetpu/benchmarks): InceptionV3 42.8 / 40 ms, ResNet-50 49 / 45, "
    "ResNet-152 128 / 127, VGG16 296 / 285, VGG19 308 / 299; DenseNet 20 / 6 does not fit, and "
    "Inception-ResNet v2 (57 ms) would need more than USB 3 carries"
)
# Least squares of relative errors over the four networks, of 0.569 / 0.301 / 1.43 / 12.27 GMAC and
# 0 / 0 / 0 / 35.3 MB streamed; test_targets.py fits them again.
_X86 = EdgeTpuTiming(
    host="x86-64 desktop", fixed_ms=1.92, ms_per_gmac=0.74, ms_per_streamed_mb=2.07
)
_PI4B = EdgeTpuTiming(host="Pi 4B", fixed_ms=3.70, ms_per_gmac=1.61, ms_per_streamed_mb=3.33)
_PI3B = EdgeTpuTiming(host="Pi 3B+", fixed_ms=6.54, ms_per_gmac=7.39, ms_per_streamed_mb=27.1)

TARGETS = {
    target.name: target
    for target in (
        Target(
            name="pi4",
            words="Raspberry Pi 4, 4 threads, ai-edge-litert 2.3",
            runtime="litert-2.3",
            cpu=CpuRate(int8_gmacs_per_s=_PI4_INT8, float_gmacs_per_s=_PI4_FLOAT, basis=_PI4_BASIS),
        ),
        Target(
            name="pi5",
            words="Raspberry Pi 5, 4 threads, ai-edge-litert 2.3",
            runtime="litert-2.3",
            cpu=CpuRate(
                int8_gmacs_per_s=_times(_PI4_INT8, _PI5_FASTER),
                float_gmacs_per_s=_times(_PI4_FLOAT, _PI5_FASTER),
                basis=_PI5_BASIS,
            ),
        ),
        Target(
            name="coral-usb3",
            words="Coral USB Accelerator on USB 3, from a desktop to a Pi 4",
            runtime=None,
            edgetpu=(_X86, _PI4B),
            margin=0.1,
            basis=(_MEASURED_HOSTS, _HELD_OUT),
        ),
        Target(
            name="coral-usb2",
            words="Coral USB Accelerator on USB 2, as on a Pi 3B+",
            runtime=None,
            edgetpu=(_PI3B,),
            margin=0.2,
            basis=(_MEASURED_HOSTS,),
        ),
        Target(
            name="tflite-runtime-2.14",
            words="tflite-runtime 2.14.0, any machine",
            runtime="tflite-runtime-2.14",
        ),
        Target(name="litert-2.3", words="ai-edge-litert 2.3.0, any machine", runtime="litert-2.3"),
    )
}
