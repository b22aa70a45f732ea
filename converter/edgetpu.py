"""Runs the Edge TPU compiler on an int8 flatbuffer and puts the card back that it drops."""

import os
import platform
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from converter.errors import ConversionError, EdgeTpuCompileError
from converter.flatbuffer import read_flatbuffer
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import seal_model
from edge_runtime.delegates import EDGETPU_OPERATOR

COMPILER = "edgetpu_compiler"
INSTALL_COMMAND = "sudo apt-get install edgetpu-compiler"
_GUIDE = "https://coral.ai/docs/edgetpu/compiler"
_MODEL, _COMPILED, _COMPILER_LOG = "model.tflite", "model_edgetpu.tflite", "model_edgetpu.log"
_VERSION = re.compile(r"Edge TPU Compiler version (\S+)")
# A row of the compiler's table: operator, count, status.
_ROW = re.compile(r"^([A-Z][A-Z0-9_]*)\s+(\d+)\s+(\S.*?)\s*$", re.MULTILINE)
_MAPPED = "Mapped to Edge TPU"
_FAILURE = re.compile(
    r"^.*(?:error|fail|invalid|could not|didn't).*$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, kw_only=True)
class CompiledModel:
    """A model for the Edge TPU.

    Attributes:
        content: The sealed file.
        compiler_version: Of ``edgetpu_compiler``.
        mapped: Operators that it mapped to the Edge TPU.
        operators: All of them.
        log_path: What it printed.
    """

    content: bytes
    compiler_version: str
    mapped: int
    operators: int
    log_path: Path


def compile_for_edgetpu(
    flatbuffer: bytes,
    card: ModelCard,
    golden: Mapping[str, bytes],
    *,
    log_path: Path,
    minimum_share: float = 0.9,
    timeout_s: float = 300.0,
) -> CompiledModel:
    """Compile an int8 flatbuffer and seal the result with its card.

    Args:
        flatbuffer: A ``.tflite`` file with int8 operators; a card in it is dropped.
        card: What is to be sealed; it requires the delegate ``edgetpu``.
        golden: Encoded pictures by the name that the card gives them.
        log_path: Where to keep what the compiler printed, also if it fails.
        minimum_share: Least share of operators that must be mapped, 0 … 1.
        timeout_s: When to stop it.

    Raises:
        EdgeTpuCompileError: If there is no compiler, it fails, does not end, or maps too little.
        ConversionError: If the card is of a file for the processor.
    """
    if card.requires_delegate != "edgetpu":
        raise ConversionError(
            "expected a card that requires the delegate edgetpu. "
            f"Received: requires_delegate={card.requires_delegate!r}. Give it a card of its own."
        )
    program = _find_compiler()
    with tempfile.TemporaryDirectory(prefix="melanoma-edgetpu-") as name:
        folder = Path(name)
        (folder / _MODEL).write_bytes(flatbuffer)
        try:
            exit_code = _run(program, folder, timeout_s)
        finally:
            log = _keep_log(folder, log_path)
        compiled = _read_compiled(folder, exit_code, log, log_path)
    mapped, operators = _require_share(log, minimum_share, log_path)
    version = _VERSION.search(log)
    return CompiledModel(
        content=seal_model(compiled, card, golden),
        compiler_version=version[1] if version else "unknown",
        mapped=mapped,
        operators=operators,
        log_path=log_path,
    )


def compiler_problem() -> str | None:
    """Why nothing can be compiled here and what to do; None if the compiler is installed."""
    if shutil.which(COMPILER) is not None:
        return None
    machine = platform.machine()
    return (
        f"expected {COMPILER} on the PATH. Received: none on this {machine} machine. It exists for "
        f"64-bit x86 Debian and Ubuntu only: add Coral's package source ({_GUIDE}), then "
        f"{INSTALL_COMMAND}"
    )


def _find_compiler() -> str:
    problem = compiler_problem()
    if problem is not None:
        raise EdgeTpuCompileError(problem + ".")
    return shutil.which(COMPILER) or COMPILER


def _run(program: str, folder: Path, timeout_s: float) -> int:
    """Exit code of the compiler; its output lands in a file, so that a hang leaves some too."""
    command = [program, "-s", "-o", str(folder), str(folder / _MODEL)]
    with (folder / "output").open("wb") as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            raise EdgeTpuCompileError(
                f"expected {COMPILER} to start. Received: {program}: {error.strerror}. "
                f"Install it again: {INSTALL_COMMAND}."
            ) from error
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise EdgeTpuCompileError(
                f"expected {COMPILER} to end within {timeout_s:g} s. Received: no end. "
                "Try a smaller cut or picture, or allow more time."
            ) from error
        finally:
            if process.returncode is None:
                # It compiles in a child of its own, which would go on without it.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _keep_log(folder: Path, log_path: Path) -> str:
    """What the compiler printed, and its table of operators; written beside, then renamed."""
    parts = [folder / "output", folder / _COMPILER_LOG]
    printed, table = (p.read_text("utf-8", "replace") if p.is_file() else "" for p in parts)
    log = printed if _ROW.search(printed) else printed + table
    beside = log_path.with_name(log_path.name + ".partial")
    beside.write_text(log, encoding="utf-8")
    beside.replace(log_path)
    return log


def _read_compiled(folder: Path, exit_code: int, log: str, log_path: Path) -> bytes:
    path = folder / _COMPILED
    if exit_code != 0 or not path.is_file():
        said = _FAILURE.findall(log)
        raise EdgeTpuCompileError(
            f"expected {COMPILER} to write a model. Received: exit code {exit_code}: "
            f"{said[0].strip() if said else 'no message'}. See {log_path}, and what "
            "melanoma-convert preflight says of the file."
        )
    content = path.read_bytes()
    names = {operator.name for operator in read_flatbuffer(content).operators}
    if EDGETPU_OPERATOR not in names:
        raise EdgeTpuCompileError(
            f"expected a model with the operator {EDGETPU_OPERATOR}. Received: none: nothing was "
            f"mapped. See {log_path}, and compile the int8 variant."
        )
    return content


def _require_share(log: str, minimum_share: float, log_path: Path) -> tuple[int, int]:
    """Mapped operators and all of them, read from the compiler's table."""
    rows = [(name, int(count), status) for name, count, status in _ROW.findall(log)]
    total = sum(count for _, count, _ in rows)
    mapped = sum(count for _, count, status in rows if status.startswith(_MAPPED))
    if total == 0 or mapped < minimum_share * total:
        left = [f"{n} {name}: {status}" for name, n, status in rows if _MAPPED not in status]
        raise EdgeTpuCompileError(
            f"expected at least {minimum_share:.0%} of the operators on the Edge TPU. "
            f"Received: {mapped} of {total}; {left[0] if left else 'no table of operators'}. "
            f"See {log_path}."
        )
    return mapped, total
