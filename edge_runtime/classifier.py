"""A verified model that turns pictures into assessments."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_runtime.assessment import Assessment, Decision
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import SealedModel, open_sealed
from edge_runtime.contract.operating_point import score_from_logit
from edge_runtime.contract.preprocess import Pixels, preprocess, preprocess_frame
from edge_runtime.errors import ContractError, DelegateUnavailableError, TensorMismatchError
from edge_runtime.interpreter import load_runner
from edge_runtime.quality import retake_reasons
from edge_runtime.runner import Runner, RunnerInfo
from edge_runtime.self_test import logit_of, run_self_test


@dataclass(frozen=True, kw_only=True)
class OpeningTimes:
    """What :meth:`LesionClassifier.open` took; zero for parts that were joined by hand.

    Attributes:
        verify_ms: Reading the file and verifying its seal.
        load_ms: Importing the runtime and loading the model.
        self_test_ms: Running the golden cases.
    """

    verify_ms: float = 0.0
    load_ms: float = 0.0
    self_test_ms: float = 0.0


class LesionClassifier:
    """Card, preprocessing, network and operating point as one. Not safe to share between threads.

    Use :meth:`open`, which verifies the file and runs its golden cases:

        with LesionClassifier.open(Path("inceptionv3_mixed8_224_int8.tflite")) as classifier:
            print(classifier.assess(Path("lesion.jpg")).decision)
    """

    def __init__(self, model: SealedModel, runner: Runner) -> None:
        """Join a verified model and a runner that has loaded it.

        Raises:
            TensorMismatchError: If the runner's tensors are not those on the card.
        """
        _require_same_tensors(model.card, runner)
        self._model = model
        self._runner = runner
        self.opening = OpeningTimes()

    @classmethod
    def open(
        cls, path: Path, *, runtime: str = "auto", delegate: str | None = None, threads: int = 1
    ) -> Self:
        """Verify a model file, load it and run its golden cases.

        Args:
            path: A ``.tflite`` file with a card.
            runtime: ``auto``, ``ai-edge-litert`` or ``tflite-runtime``.
            delegate: ``cpu`` or ``edgetpu``; None takes what the card requires.
            threads: Threads of one inference.

        Raises:
            ContractError: If the file has no valid card, bytes have changed, or the golden cases
                come out differently here.
            DeviceError: If no runtime works or a delegate is absent.
        """
        start = time.perf_counter()
        model = open_sealed(path)
        verified = time.perf_counter()
        required = model.card.requires_delegate
        if delegate not in (None, required):
            raise DelegateUnavailableError(
                f"expected delegate {required!r}, for which {path.name!r} was made. "
                f"Received: delegate={delegate!r}. Use the variant that was made for it."
            )
        runner = load_runner(path, runtime=runtime, delegate=required, threads=threads)
        classifier = cls(model, runner)
        loaded = time.perf_counter()
        run_self_test(model, runner)
        classifier.opening = OpeningTimes(
            verify_ms=(verified - start) * 1e3,
            load_ms=(loaded - verified) * 1e3,
            self_test_ms=(time.perf_counter() - loaded) * 1e3,
        )
        return classifier

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the interpreter and its memory."""
        del self._runner

    @property
    def card(self) -> ModelCard:
        """The model's card."""
        return self._model.card

    @property
    def info(self) -> RunnerInfo:
        """What computes."""
        return self._runner.info

    def logit(self, pixels: Pixels) -> float:
        """The network's logit of uint8 pixels (H, W, 3) that ``preprocess`` made."""
        return logit_of(self._runner, pixels)

    def assess(self, picture: Path | bytes | Pixels) -> Assessment:
        """Assess one picture.

        Args:
            picture: Path of a picture, its encoded bytes, or decoded uint8 RGB pixels
                (height, width, 3) of any size.

        Raises:
            InputError: If the picture cannot be used.
            ContractError: If the network's output is not a finite number.
        """
        start = time.perf_counter()
        if isinstance(picture, Path | bytes):
            pixels = preprocess(picture, self.card.preprocessing)
        else:
            pixels = preprocess_frame(picture, self.card.preprocessing)
        preprocessed = time.perf_counter()
        retake = retake_reasons(pixels)
        checked = time.perf_counter()
        logit = None if retake else self.logit(pixels)
        invoked = time.perf_counter()
        decision, score, reasons = (
            (Decision.RETAKE, None, retake) if logit is None else self._decide(logit)
        )
        return Assessment(
            decision=decision,
            score=score,
            logit=logit,
            reasons=reasons,
            preprocess_ms=(preprocessed - start) * 1e3,
            invoke_ms=(invoked - checked) * 1e3,
            latency_ms=(time.perf_counter() - start) * 1e3,
            model=self.card.name,
            variant=self.card.variant,
            runtime=self.info.runtime,
            delegate=self.info.delegate,
        )

    def _decide(self, logit: float) -> tuple[Decision, float, tuple[str, ...]]:
        if not math.isfinite(logit):
            # Every comparison with a threshold would come out as "no referral".
            raise ContractError(
                f"expected a finite logit. Received: logit={logit} from {self.info.runtime}. "
                "This runtime cannot compute the model: try --runtime, or export again."
            )
        point = self.card.operating_point
        score = score_from_logit(logit, self.card.temperature)
        refer = point.refers(score)
        relation = "at or above" if refer else "below"
        reason = f"score {score:.3f} is {relation} the threshold {point.threshold:.3f}"
        return Decision.REFER if refer else Decision.NO_REFERRAL, score, (reason,)


def _require_same_tensors(card: ModelCard, runner: Runner) -> None:
    for role, expected, received in (
        ("input", card.input, runner.input),
        ("output", card.output, runner.output),
    ):
        if expected != received:
            raise TensorMismatchError(
                f"expected the {role} tensor on the card, {expected}. Received: {received}. "
                "The card belongs to another model: export it again."
            )
