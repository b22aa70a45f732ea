"""A benchmark on another host: models and pictures go there by OpenSSH, the results come back.

The host needs melanoma-edge with its bench extra, and a key instead of a password.
"""

import contextlib
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.models import ModelFile
from benchmarks.pictures import select_pictures
from benchmarks.run import RunOptions
from edge_runtime.console import log
from edge_runtime.contract.manifest import SCORES_FILE
from edge_runtime.errors import DeviceError, InputError, MissingDependencyError

_SSH = ("ssh", "-o", "BatchMode=yes")
_SCP = ("scp", "-q", "-r", "-p", "-o", "BatchMode=yes")
_MODELS, _DATA, _OUT = "models", "data", "out"


@dataclass(frozen=True, kw_only=True)
class RemoteHost:
    """Where to measure.

    Attributes:
        name: As ssh takes it, ``user@pi`` or a name of its configuration.
        command: ``melanoma-bench`` there, or its path.
    """

    name: str
    command: str

    def __post_init__(self) -> None:
        if not self.name or self.name.startswith("-") or any(map(str.isspace, self.name)):
            raise InputError(
                f"expected a host as in user@pi. Received: --host {self.name!r}. "
                "Ports and keys belong in the configuration of ssh."
            )


def options_for_host(options: RunOptions) -> list[str]:
    """The options of ``melanoma-bench run`` that say the same there; paths are those of the host.

    Raises:
        InputError: If a baseline needs a file of this host.
    """
    baselines = options.baselines
    if baselines.run_folder is not None or baselines.published is not None:
        raise InputError(
            "expected baselines of the host's own software with --host. Received: --run-folder or "
            "--published. Measure those on the host itself."
        )
    given: list[tuple[str, object]] = [
        ("--queries", options.queries),
        ("--min-seconds", options.min_s),
        ("--repeat-noisy", options.repeat_noisy),
        ("--pictures", options.pictures),
        ("--mediapipe-python", baselines.mediapipe_python),
        ("--tflite-python", baselines.tflite_python),
        *(("--runtime", name) for name in options.runtimes),
        *(("--threads", count) for count in options.threads),
        *(("--delegate", name) for name in options.delegates),
    ]
    return [text for name, value in given if value is not None for text in (name, str(value))]


def run_on_host(
    host: RemoteHost,
    models: Sequence[ModelFile],
    pictures: tuple[Path, str, int | None],
    options: Sequence[str],
    folder: Path,
) -> None:
    """Measure there and bring back what ``run`` writes.

    Args:
        host: Where.
        models: Variants of one model.
        pictures: The data set, the split, and how many pictures at most.
        options: Further ones of ``melanoma-bench run``.
        folder: An empty folder that is filled.

    Raises:
        DatasetError: If the pictures cannot be told.
        DeviceError: If the host cannot be reached, or its benchmark fails.
        MissingDependencyError: If there is no OpenSSH client here.
    """
    if shutil.which("ssh") is None or shutil.which("scp") is None:
        raise MissingDependencyError(
            "expected the OpenSSH client for --host. Received: no ssh and scp on the PATH. "
            "Install it with: apt install openssh-client"
        )
    data, split, most = pictures
    with tempfile.TemporaryDirectory() as staged, _folder_on(host) as there:
        _stage(models, data, split, most, Path(staged))
        log.info("copying models and pictures to %s", host.name)
        for name in (_MODELS, _DATA):
            _copy(str(Path(staged) / name), f"{host.name}:{there}/")
        command = [
            *(host.command, "run", _MODELS, "--data", _DATA, "--split", split, "--out", _OUT),
            *options,
        ]
        log.info("measuring on %s", host.name)
        _on_host(host, f"cd {shlex.quote(there)} && {shlex.join(command)} >&2", shown=True)
        _copy(f"{host.name}:{there}/{_OUT}/.", str(folder))


def _stage(
    models: Sequence[ModelFile], data: Path, split: str, most: int | None, staged: Path
) -> None:
    """Only what the host needs; the list of all pictures still tells which split they are of."""
    (staged / _MODELS).mkdir()
    selection = select_pictures(models[0].path.parent, data, split, models[0].card, most)
    for model in models:
        shutil.copy2(model.path, staged / _MODELS)
    scores = models[0].path.parent / SCORES_FILE
    if selection.scored:
        shutil.copy2(scores, staged / _MODELS)
    for picture in selection.pictures:
        target = staged / _DATA / picture.file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(selection.folder / picture.file, target)


@contextlib.contextmanager
def _folder_on(host: RemoteHost) -> Iterator[str]:
    """A new folder there, removed at the end."""
    there = _on_host(host, "mktemp -d").strip()
    try:
        yield there
    finally:
        with contextlib.suppress(DeviceError):
            _on_host(host, f"rm -rf {shlex.quote(there)}")


def _on_host(host: RemoteHost, command: str, *, shown: bool = False) -> str:
    return _run([*_SSH, host.name, command], f"{host.name}: {command}", shown=shown)


def _copy(source: str, target: str) -> None:
    _run([*_SCP, source, target], f"copying {source} to {target}", shown=False)


def _run(command: Sequence[str], doing: str, *, shown: bool) -> str:
    ended = subprocess.run(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if shown else subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if ended.returncode != 0:
        said = (ended.stderr or "see above").strip().splitlines()
        raise DeviceError(
            f"expected success of: {doing}. Received: status {ended.returncode}: {said[-1]}. "
            "Try ssh to the host by hand: it must work without a password, and melanoma-bench "
            "must be there (--host-command names its path)."
        )
    return ended.stdout
