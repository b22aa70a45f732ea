"""From a model file to a runner that has proved itself: verify, load, run the golden cases."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import SealedModel, open_sealed
from edge_runtime.delegates import split_delegate
from edge_runtime.errors import DelegateUnavailableError, TensorMismatchError
from edge_runtime.interpreter import choose_runtime, load_runner
from edge_runtime.runner import Runner
from edge_runtime.self_test import SelfTestMode, ensure_self_test, run_self_test
from edge_runtime.thread_choice import AUTO, ThreadCount, choose_runner

EDGETPU_FACTORY = "edge_runtime.delegate_process:load_edgetpu_runner"


@dataclass(frozen=True, kw_only=True)
class OpeningTimes:
    """What opening a model took; zero for parts that were joined by hand.

    Attributes:
        verify_ms: Reading the file and verifying its seal.
        load_ms: Importing the runtime, loading the model, and choosing threads if that was asked.
        self_test_ms: Running the golden cases, or remembering that they passed.
    """

    verify_ms: float = 0.0
    load_ms: float = 0.0
    self_test_ms: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """How a file is loaded; see ``LesionClassifier.open``."""

    runtime: str = "auto"
    delegate: str | None = None
    threads: ThreadCount = 1
    self_test: SelfTestMode = "always"


@dataclass(frozen=True, kw_only=True)
class OpenedModel:
    """A verified file, a runner that has passed its golden cases, and what that took."""

    model: SealedModel
    runner: Runner
    times: OpeningTimes


def open_model(path: Path, options: LoadOptions) -> OpenedModel:
    """Verify a model file, load it and prove that it computes here what its card says.

    Raises:
        ContractError: If the file has no valid card, bytes have changed, or the golden cases
            come out differently here.
        DeviceError: If no runtime works or a delegate is absent or fails.
    """
    start = time.perf_counter()
    model = open_sealed(path)
    verified = time.perf_counter()
    runner = _load(model, options)
    try:
        require_same_tensors(model.card, runner)
        loaded = time.perf_counter()
        ensure_self_test(model, runner, options.self_test)
    except BaseException:
        runner.close()
        raise
    times = OpeningTimes(
        verify_ms=(verified - start) * 1e3,
        load_ms=(loaded - verified) * 1e3,
        self_test_ms=(time.perf_counter() - loaded) * 1e3,
    )
    return OpenedModel(model=model, runner=runner, times=times)


def require_same_tensors(card: ModelCard, runner: Runner) -> None:
    """Refuse a runner whose tensors are not those on the card.

    Raises:
        TensorMismatchError: If they differ.
    """
    for role, expected, received in (
        ("input", card.input, runner.input),
        ("output", card.output, runner.output),
    ):
        if expected != received:
            raise TensorMismatchError(
                f"expected the {role} tensor on the card, {expected}. Received: {received}. "
                "The card belongs to another model: export it again."
            )


def _load(model: SealedModel, options: LoadOptions) -> Runner:
    required = model.card.requires_delegate
    named = required if options.delegate is None else options.delegate
    if split_delegate(named)[0] != required:
        raise DelegateUnavailableError(
            f"expected delegate {required!r}, for which {model.path.name!r} was made. "
            f"Received: delegate={named!r}. Use the variant that was made for it."
        )
    if required == "edgetpu":
        return _on_edgetpu(model, named, options)
    if options.threads != AUTO:
        return load_runner(model.path, runtime=options.runtime, threads=options.threads)
    status = choose_runtime(options.runtime)
    return choose_runner(
        lambda threads: load_runner(model.path, runtime=status, threads=threads),
        {"file_sha256": model.file_sha256, "runtime": status.label, "delegate": required},
    )


def _on_edgetpu(model: SealedModel, delegate: str, options: LoadOptions) -> Runner:
    # Processes and pipes take time to import, which no start on the processor should pay.
    from edge_runtime.process_runner import Launch, ProcessRunner
    from edge_runtime.supervised_runner import SupervisedRunner

    launch = Launch(
        factory=EDGETPU_FACTORY,
        arguments={
            # Absolute: a process that starts anew must find it after a change of folder.
            "path": str(model.path.absolute()),
            "runtime": options.runtime,
            "delegate": delegate,
            # Nearly all of the network runs on the accelerator.
            "threads": 1 if options.threads == AUTO else options.threads,
        },
    )
    return SupervisedRunner(partial(ProcessRunner, launch), partial(run_self_test, model))
