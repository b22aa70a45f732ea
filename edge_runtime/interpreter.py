"""The one place that imports a TFLite runtime."""

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.contract.quantization import TensorSpec
from edge_runtime.delegates import EDGETPU_OPERATOR, require_edgetpu_library, split_delegate
from edge_runtime.errors import (
    DelegateUnavailableError,
    RuntimeUnavailableError,
    TensorMismatchError,
)
from edge_runtime.native_output import native_output_hidden
from edge_runtime.runner import Runner, RunnerInfo, Tensor

RUNTIMES = ("ai-edge-litert", "tflite-runtime")
INSTALL_COMMANDS = {
    "ai-edge-litert": "pip install ai-edge-litert",
    "tflite-runtime": 'pip install "melanoma-edge[tflite-runtime]" (Python 3.11, numpy 1)',
}
_MODULES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}
_PROBE = Path(__file__).with_name("probe.tflite")
_PROBE_INPUT, _PROBE_OUTPUT = (3.0, 4.0), 11.5  # the probe computes x + 2y + 0.5


@dataclass(frozen=True, kw_only=True)
class RuntimeStatus:
    """Whether a runtime works here.

    Attributes:
        name: One of :data:`RUNTIMES`.
        version: Of the installed package; None if there is none.
        problem: Why it cannot be used; None if it computed the probe model's known output.
    """

    name: str
    version: str | None
    problem: str | None

    @property
    def label(self) -> str:
        """Name and version, as in ``ai-edge-litert 2.3.0``."""
        return f"{self.name} {self.version}"


def probe_runtime(name: str) -> RuntimeStatus:
    """Run a tiny model on a runtime: a package that imports may still not compute."""
    version = _installed_version(name)
    if version is None:
        return RuntimeStatus(name=name, version=None, problem="not installed")
    return RuntimeStatus(name=name, version=version, problem=_probe_problem(name))


def _installed_version(name: str) -> str | None:
    package = _MODULES[name].partition(".")[0]
    if importlib.util.find_spec(package) is None:
        return None
    try:
        with native_output_hidden():
            return str(importlib.import_module(package).__version__)
    except Exception:  # noqa: BLE001 - whatever a broken native package raises
        # Not at the top: its import and a look at the package's metadata take as long as decoding
        # a picture.
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version(name)
        except PackageNotFoundError:
            return None  # a folder of that name, and no package


def _probe_problem(name: str) -> str | None:
    if name == "tflite-runtime" and int(np.__version__.split(".")[0]) >= 2:
        # Its import succeeds with numpy 2; the first model then fails inside native code.
        return f'needs numpy 1, found {np.__version__}: pip install "numpy<2"'
    try:
        with native_output_hidden():
            interpreter = importlib.import_module(_MODULES[name]).Interpreter(
                model_path=str(_PROBE), num_threads=1
            )
            interpreter.allocate_tensors()
            interpreter.set_tensor(
                interpreter.get_input_details()[0]["index"], np.array([_PROBE_INPUT], np.float32)
            )
            interpreter.invoke()
            output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    except Exception as error:  # noqa: BLE001 - whatever a broken native package raises
        return f"{type(error).__name__}: {error}"
    if abs(float(output[0, 0]) - _PROBE_OUTPUT) > 1e-5:
        return f"computed {float(output[0, 0])} where {_PROBE_OUTPUT} is right"
    return None


def choose_runtime(wanted: str = "auto") -> RuntimeStatus:
    """The runtime to use: the wanted one, or the first of :data:`RUNTIMES` that works.

    Raises:
        RuntimeUnavailableError: If none of them computes the probe model.
    """
    statuses = []
    for name in RUNTIMES if wanted == "auto" else (wanted,):
        status = probe_runtime(name)
        if status.problem is None:
            return status
        statuses.append(f"{name}: {status.problem}")
    raise RuntimeUnavailableError(
        f"expected a working TFLite runtime. Received: {'; '.join(statuses)}. "
        f"Install one with: {INSTALL_COMMANDS.get(wanted, INSTALL_COMMANDS[RUNTIMES[0]])}"
    )


def load_runner(
    path: Path,
    *,
    runtime: str | RuntimeStatus = "auto",
    delegate: str = "cpu",
    threads: int = 1,
    optimized: bool = True,
) -> Runner:
    """Load a model for one runtime and delegate.

    Args:
        path: A ``.tflite`` file.
        runtime: ``auto``, one of :data:`RUNTIMES`, or what :func:`choose_runtime` found, which
            is not probed again.
        delegate: ``cpu``, ``edgetpu``, or a device of an Edge TPU, as in ``usb:0``. An Edge TPU
            is driven in this process: see ``supervised_runner`` for one that survives its driver.
        threads: Threads of one inference.
        optimized: Whether the runtime may use XNNPACK. Without it, ai-edge-litert rounds int8
            as tflite-runtime does.

    Raises:
        RuntimeUnavailableError: If no runtime works.
        DelegateUnavailableError: If the model or the caller wants an accelerator that is absent.
        TensorMismatchError: If the file is no model with one static input and one static output.
    """
    delegate, device = split_delegate(delegate)
    library = require_edgetpu_library() if delegate == "edgetpu" else None
    status = choose_runtime(runtime) if isinstance(runtime, str) else runtime
    module = importlib.import_module(_MODULES[status.name])
    delegates = [_load_delegate(module, library, device)] if library else []
    interpreter = _load_interpreter(module, path, delegates, threads, optimized=optimized)
    info = RunnerInfo(
        runtime=status.label,
        delegate=delegate,
        kernel_family=_kernel_family(status.name, delegate, optimized=optimized),
        threads=threads,
    )
    return _InterpreterRunner(interpreter, info)


def _load_delegate(module: Any, library: str, device: str) -> Any:
    try:
        with native_output_hidden():
            return module.load_delegate(library, {"device": device} if device else {})
    except (ValueError, RuntimeError, OSError) as error:
        raise DelegateUnavailableError(
            f"expected an Edge TPU that {library} can drive. "
            f"Received: {error} (device={device or 'any'}). "
            "Plug in the Coral, or use the int8 variant."
        ) from error


def _load_interpreter(
    module: Any, path: Path, delegates: list[Any], threads: int, *, optimized: bool
) -> Any:
    resolver = module.OpResolverType
    try:
        with native_output_hidden():
            interpreter = module.Interpreter(
                model_path=str(path),
                num_threads=threads,
                experimental_delegates=delegates,
                experimental_op_resolver_type=resolver.AUTO
                if optimized
                else resolver.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError, OSError) as error:
        raise _load_error(path, error) from error
    return interpreter


def _kernel_family(runtime: str, delegate: str, *, optimized: bool) -> str:
    if delegate == "edgetpu":
        return "edgetpu"
    # tflite-runtime 2.14 hands only float operators to XNNPACK, where rounding hardly differs.
    return "xnnpack" if runtime == "ai-edge-litert" and optimized else "builtin"


def _load_error(path: Path, error: Exception) -> Exception:
    if EDGETPU_OPERATOR in str(error):
        return DelegateUnavailableError(
            f"expected an Edge TPU for {path.name!r}, which is compiled for one. "
            "Received: no delegate. Plug in the Coral and use --delegate edgetpu, "
            "or use the int8 variant."
        )
    return TensorMismatchError(
        f"expected a TFLite model that this runtime can load. Received: {path.name!r}: {error}"
    )


class _InterpreterRunner:
    def __init__(self, interpreter: Any, info: RunnerInfo) -> None:
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise TensorMismatchError(
                "expected a model with one input and one output. "
                f"Received: inputs={len(inputs)}, outputs={len(outputs)}"
            )
        self.info = info
        self.input = _spec(inputs[0])
        self.output = _spec(outputs[0])
        self._interpreter = interpreter
        self._input_index = inputs[0]["index"]
        self._output_index = outputs[0]["index"]

    def run(self, tensor: Tensor) -> Tensor:
        self._interpreter.set_tensor(self._input_index, tensor)
        self._interpreter.invoke()
        output: Tensor = self._interpreter.get_tensor(self._output_index)
        return output

    def close(self) -> None:
        self._interpreter = None


def _spec(details: dict[str, Any]) -> TensorSpec:
    scale, zero_point = details["quantization"]
    return TensorSpec(
        dtype=np.dtype(details["dtype"]).name,
        shape=tuple(int(side) for side in details["shape"]),
        scale=float(scale),
        zero_point=int(zero_point),
    )
