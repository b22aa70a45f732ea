"""What a target will refuse, what it maps, and how the command says it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converter.errors import ConversionError
from converter.flatbuffer import read_flatbuffer
from converter.preflight import COMPILED, PREDICTED, UNAVAILABLE, Report, preflight
from converter.targets import TARGETS
from edge_runtime.native_output import native_output_hidden

ROOT = Path(__file__).parents[2]
TINY_INT8 = (ROOT / "tests/data/tiny_int8.tflite").read_bytes()
TINY_FLOAT = (ROOT / "tests/data/tiny_float32.tflite").read_bytes()
PUBLISHED = ROOT / "models/inceptionv3_mixed5_224_int8.tflite"
CORALS = ("coral-usb2", "coral-usb3")
PROCESSORS = tuple(name for name in TARGETS if name not in CORALS)

EditTflite = Callable[[bytes, Callable[[Any], None]], bytes]


def check(content: bytes, target: str) -> Report:
    return preflight(read_flatbuffer(content), TARGETS[target])


def set_version(name: str, version: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        from ai_edge_litert import schema_py_generated as schema

        number = getattr(schema.BuiltinOperator, name)
        for code in model.operatorCodes:
            if code.builtinCode == number:
                code.version = version

    return change


def set_input(**values: Any) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        for name, value in values.items():
            setattr(graph.tensors[graph.inputs[0]], name, value)

    return change


@pytest.mark.parametrize("target", PROCESSORS)
@pytest.mark.parametrize("content", [TINY_INT8, TINY_FLOAT], ids=["int8", "float32"])
def test_processors_take_what_tensorflow_wrote(content: bytes, target: str) -> None:
    report = check(content, target)
    assert (report.status, report.reasons, report.warnings) == (PREDICTED, (), ())
    assert (report.latency is not None) == target.startswith("pi")
    assert report.memory is None


def test_the_published_model_is_faster_in_int8_and_on_the_newer_pi() -> None:
    int8 = check(PUBLISHED.read_bytes(), "pi4").latency
    newer = check(PUBLISHED.read_bytes(), "pi5").latency
    floating = check(
        PUBLISHED.with_name("inceptionv3_mixed5_224_float16.tflite").read_bytes(), "pi4"
    )
    assert int8 is not None
    assert newer is not None
    assert floating.latency is not None
    assert newer.high_ms < int8.low_ms < int8.high_ms < floating.latency.high_ms


@pytest.mark.parametrize("target", CORALS)
def test_a_coral_takes_all_up_to_the_float_neuron(target: str) -> None:
    report = check(PUBLISHED.read_bytes(), target)
    assert report.status == PREDICTED
    assert report.mapping is not None
    assert (len(report.mapping.mapped), len(report.mapping.left)) == (78, 2)
    assert report.mapping.first_left is not None
    assert report.mapping.first_left.name == "DEQUANTIZE"
    assert "float32" in report.mapping.reason
    assert report.memory is not None
    assert report.memory.fits == "yes"
    assert report.memory.parameter_bytes == pytest.approx(5.14e6, rel=0.01)
    assert report.latency is not None
    assert report.basis


@pytest.mark.parametrize("target", CORALS)
def test_a_coral_refuses_floats(target: str) -> None:
    report = check(TINY_FLOAT, target)
    assert (report.status, report.latency, report.memory) == (UNAVAILABLE, None, None)
    assert report.reasons[0].startswith(
        "none of its arithmetic will map to the Edge TPU: #0 CONV_2D"
    )
    assert "float32" in report.reasons[0]


def test_version_12_is_refused_by_the_old_runtime_alone(edit_tflite: EditTflite) -> None:
    content = edit_tflite(TINY_FLOAT, set_version("FULLY_CONNECTED", 12))
    report = check(content, "tflite-runtime-2.14")
    assert report.status == UNAVAILABLE
    assert report.reasons == (
        "FULLY_CONNECTED version 12: tflite-runtime-2.14 has 10 as its newest",
    )
    assert check(content, "litert-2.3").status == PREDICTED
    board = check(content, "pi4")
    assert board.status == PREDICTED
    assert board.warnings[0].startswith("a 32-bit system has tflite-runtime-2.14 only")


@pytest.mark.tensorflow
def test_dynamic_range_of_todays_converter_is_refused_by_the_old_runtime() -> None:
    tf = pytest.importorskip("tensorflow", reason="needs the convert extra")
    inputs = tf.keras.Input(batch_shape=(1, 64))
    converter = tf.lite.TFLiteConverter.from_keras_model(
        tf.keras.Model(inputs, tf.keras.layers.Dense(32)(inputs))
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    with native_output_hidden():
        content = converter.convert()
    assert check(content, "tflite-runtime-2.14").reasons[0].startswith("FULLY_CONNECTED version 12")
    assert check(content, "litert-2.3").reasons == ()


def test_the_edge_tpu_compiler_refuses_newer_convolutions(edit_tflite: EditTflite) -> None:
    content = edit_tflite(TINY_INT8, set_version("CONV_2D", 6))
    assert check(content, "coral-usb3").reasons == (
        "CONV_2D version 6: edgetpu_compiler 16.0 reads up to 5",
    )


def test_a_version_that_hides_what_tensors_need_is_named(edit_tflite: EditTflite) -> None:
    content = edit_tflite(TINY_INT8, set_version("CONV_2D", 1))
    (warning,) = check(content, "tflite-runtime-2.14").warnings
    assert warning.startswith("1 × CONV_2D written as version 1, their tensors need 3")
    assert "may load and misread" in warning


def test_a_hidden_version_that_the_runtime_lacks_is_refused(edit_tflite: EditTflite) -> None:
    def per_channel_hybrid(model: Any) -> None:
        from ai_edge_litert import schema_py_generated as schema

        graph = model.subgraphs[0]
        weights = graph.tensors[graph.operators[-1].inputs[1]]
        weights.type = schema.TensorType.INT8
        weights.quantization = schema.QuantizationParametersT()
        weights.quantization.scale, weights.quantization.zeroPoint = [0.1, 0.2], [0, 0]

    content = edit_tflite(TINY_FLOAT, per_channel_hybrid)
    (reason,) = check(content, "tflite-runtime-2.14").reasons
    assert "written as version 1, its tensors need 12" in reason
    assert "may load and misread" in reason
    assert check(content, "litert-2.3").reasons == ()


@pytest.mark.parametrize("target", TARGETS)
def test_an_open_batch_is_refused_everywhere(edit_tflite: EditTflite, target: str) -> None:
    content = edit_tflite(TINY_INT8, set_input(shapeSignature=[-1, 32, 32, 3]))
    report = check(content, target)
    assert report.status == UNAVAILABLE
    assert "is open: (-1, 32, 32, 3)" in report.reasons[0]


def test_a_batch_of_two_is_refused_by_a_coral(edit_tflite: EditTflite) -> None:
    report = check(edit_tflite(TINY_INT8, set_input(shape=[2, 32, 32, 3])), "coral-usb3")
    assert "batch" in report.reasons[0]
    assert "must be 1" in report.reasons[0]


def test_a_fused_activation_on_pooling_stays_on_the_processor(edit_tflite: EditTflite) -> None:
    def swap(model: Any) -> None:
        from ai_edge_litert import schema_py_generated as schema

        operator = model.subgraphs[0].operators[2]
        code = model.operatorCodes[operator.opcodeIndex]
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.AVERAGE_POOL_2D
        operator.builtinOptionsType = schema.BuiltinOptions.Pool2DOptions
        operator.builtinOptions = schema.Pool2DOptionsT()
        operator.builtinOptions.fusedActivationFunction = 1

    mapping = check(edit_tflite(TINY_INT8, swap), "coral-usb3").mapping
    assert mapping is not None
    assert (len(mapping.mapped), mapping.reason) == (2, "has a fused activation")


def test_no_latency_is_claimed_for_int16_values(edit_tflite: EditTflite) -> None:
    def int16(model: Any) -> None:
        from ai_edge_litert import schema_py_generated as schema

        graph = model.subgraphs[0]
        graph.tensors[graph.operators[1].inputs[0]].type = schema.TensorType.INT16

    report = check(edit_tflite(TINY_INT8, int16), "pi4")
    assert (report.status, report.latency) == (PREDICTED, None)
    assert "reference kernels" in report.assumptions[0]


def test_a_custom_operator_is_refused_by_name(edit_tflite: EditTflite) -> None:
    def custom(model: Any) -> None:
        code = model.operatorCodes[0]
        code.builtinCode = code.deprecatedBuiltinCode = 32
        code.customCode = b"FlexErf"

    assert "'FlexErf'" in check(edit_tflite(TINY_FLOAT, custom), "pi5").reasons[0]


def test_a_damaged_package_of_the_compiler_is_refused(edit_tflite: EditTflite) -> None:
    def custom(model: Any) -> None:
        code = model.operatorCodes[0]
        code.builtinCode = code.deprecatedBuiltinCode = 32
        code.customCode = b"edgetpu-custom-op"
        model.subgraphs[0].operators[0].customOptions = list(b"\0\0\0\0DWN1 and no more")

    with pytest.raises(ConversionError, match="package of the Edge TPU compiler"):
        check(edit_tflite(TINY_FLOAT, custom), "coral-usb3")


@pytest.mark.real_data
@pytest.mark.parametrize("target", TARGETS)
def test_a_compiled_file_is_compiled_wherever_it_is_sent(real_data: Path, target: str) -> None:
    path = real_data / "coral/mobilenet_v1_0.25_128_quant_edgetpu.tflite"
    report = check(path.read_bytes(), target)
    assert report.status == COMPILED
    assert bool(report.reasons) == (target not in CORALS)
    assert report.memory is not None
    assert (report.memory.streamed_bytes, report.memory.fits) == ((0, 0), "yes")
    assert report.latency is None


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["mobilenet_v1_0.25_128_quant", "mobilenet_v2_1.0_224_quant"])
def test_what_others_compiled_is_predicted_to_map_as_a_whole(real_data: Path, name: str) -> None:
    report = check((real_data / f"coral/{name}.tflite").read_bytes(), "coral-usb3")
    assert report.status == PREDICTED
    assert report.mapping is not None
    assert report.mapping.left == ()
    assert report.memory is not None
    assert report.memory.fits == "yes"


@pytest.mark.real_data
def test_parameters_take_on_the_chip_at_most_a_quarter_more(real_data: Path) -> None:
    source = real_data / "coral/mobilenet_v1_0.25_128_quant.tflite"
    compiled = source.with_name("mobilenet_v1_0.25_128_quant_edgetpu.tflite")
    predicted = check(source.read_bytes(), "coral-usb3").memory
    held = check(compiled.read_bytes(), "coral-usb3").memory
    assert predicted is not None
    assert held is not None
    assert predicted.parameter_bytes <= held.on_chip_bytes <= 1.25 * predicted.parameter_bytes
