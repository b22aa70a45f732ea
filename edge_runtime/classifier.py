"""A verified model that turns pictures into assessments."""

import logging
import math
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from edge_runtime.assessment import Assessment, Decision
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import SealedModel, open_sealed
from edge_runtime.contract.operating_point import score_from_logit
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.errors import ContractError, DeviceError, InputError, SelfTestError
from edge_runtime.fallback import open_fallback
from edge_runtime.opening import (
    LoadOptions,
    OpenedModel,
    OpeningTimes,
    open_model,
    require_same_tensors,
)
from edge_runtime.prepared_picture import Picture, PreparedPicture, prepare
from edge_runtime.runner import Runner, RunnerInfo
from edge_runtime.self_test import SelfTestMode, logit_of
from edge_runtime.thread_choice import ThreadCount

__all__ = ["FrameLike", "LesionClassifier", "OpeningTimes"]

log = logging.getLogger("melanoma")


class FrameLike(Protocol):
    """What a frame source hands out."""

    @property
    def pixels(self) -> Pixels:
        """Decoded uint8 RGB pixels (height, width, 3)."""


class LesionClassifier:
    """Card, preprocessing, network and operating point as one.

    It may be shared between threads: their calls wait for one another. ``ParallelClassifier``
    works on several pictures at once.

    Use :meth:`open`, which verifies the file and runs its golden cases:

        with LesionClassifier.open(Path("inceptionv3_mixed5_224_int8.tflite")) as classifier:
            print(classifier.assess(Path("lesion.jpg")).decision)
    """

    def __init__(self, model: SealedModel, runner: Runner) -> None:
        """Join a verified model and a runner that has loaded it.

        Raises:
            TensorMismatchError: If the runner's tensors are not those on the card.
        """
        require_same_tensors(model.card, runner)
        self._model = model
        self._runner: Runner | None = runner
        self._spare: OpenedModel | None = None
        self._fallback: str | None = None
        self._lock = threading.Lock()
        self.opening = OpeningTimes()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        runtime: str = "auto",
        delegate: str | None = None,
        threads: ThreadCount = 1,
        self_test: SelfTestMode = "always",
        fallback: Path | None = None,
    ) -> Self:
        """Verify a model file, load it and run its golden cases.

        Args:
            path: A ``.tflite`` file with a card.
            runtime: ``auto``, ``ai-edge-litert`` or ``tflite-runtime``.
            delegate: ``cpu``, ``edgetpu`` or one of its devices, as in ``usb:0``; None takes what
                the card requires.
            threads: Threads of one inference; ``auto`` takes what is fastest here, measured at
                the first start.
            self_test: ``always``, or ``remembered`` to leave out golden cases that are known to
                pass here with these versions. The file's hashes are verified in either case.
            fallback: A variant for the processor that takes over if the accelerator which
                ``path`` needs is absent or fails; every assessment then says so.

        Raises:
            ContractError: If the file has no valid card, bytes have changed, or the golden cases
                come out differently here.
            DeviceError: If no runtime works, or a delegate is absent and there is no fallback.
        """
        options = LoadOptions(
            runtime=runtime, delegate=delegate, threads=threads, self_test=self_test
        )
        try:
            opened = open_model(path, options)
        except (DeviceError, SelfTestError) as error:
            card = open_sealed(path).card
            if fallback is None or card.requires_delegate == "cpu":
                raise
            classifier = cls._of(open_fallback(fallback, options, card))
            classifier._note_fallback(card, error)
            return classifier
        classifier = cls._of(opened)
        if fallback is not None and opened.model.card.requires_delegate != "cpu":
            try:
                classifier._spare = open_fallback(fallback, options, opened.model.card)
            except BaseException:
                classifier.close()
                raise
        return classifier

    @classmethod
    def _of(cls, opened: OpenedModel) -> Self:
        classifier = cls(opened.model, opened.runner)
        classifier.opening = opened.times
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
        """Let go of the interpreter, its memory and its process; a second call does nothing."""
        with self._lock:
            for runner in (self._runner, self._spare.runner if self._spare else None):
                if runner is not None:
                    runner.close()
            self._runner = self._spare = None

    @property
    def card(self) -> ModelCard:
        """Card of the file that computes: the fallback's, once that has taken over."""
        return self._model.card

    @property
    def info(self) -> RunnerInfo:
        """What computes."""
        return self._active.info

    @property
    def fallback(self) -> str | None:
        """Why the fallback has taken over; None while it has not."""
        return self._fallback

    def logit(self, pixels: Pixels) -> float:
        """The network's logit of uint8 pixels (H, W, 3) that ``preprocess`` made."""
        with self._lock:
            return logit_of(self._active, pixels)

    def prepare(self, picture: Picture) -> PreparedPicture:
        """The picture, decoded, resized and checked: what is left to :meth:`assess` is inference.

        Safe to call while :meth:`assess` is at work on others.

        Raises:
            InputError: If the picture cannot be used.
        """
        return prepare(picture, self.card.preprocessing, self.card.quality)

    def assess(self, picture: Picture | PreparedPicture) -> Assessment:
        """Assess one picture.

        Args:
            picture: Path of a picture, its encoded bytes, decoded uint8 RGB pixels
                (height, width, 3) of any size, or what :meth:`prepare` made of one of these.

        Raises:
            InputError: If the picture cannot be used.
            ContractError: If the network's output is not a finite number.
            DeviceError: If the accelerator fails and there is no fallback, or the classifier is
                closed.
        """
        with self._lock:
            start = time.perf_counter()
            try:
                return self._assess(picture, start)
            except DeviceError as error:
                if self._spare is None:
                    raise
                self._switch(self._spare, error)
            return self._assess(picture, start)

    def assess_stream(
        self, frames: Iterable[Pixels | FrameLike]
    ) -> Iterator[Assessment | InputError]:
        """Assess frames as they come; a frame that cannot be used gives its error, in its place.

        Args:
            frames: Decoded uint8 RGB pixels (height, width, 3), or objects that hold them.
        """
        for frame in frames:
            try:
                yield self.assess(frame if isinstance(frame, np.ndarray) else frame.pixels)
            except InputError as error:
                yield error

    @property
    def _active(self) -> Runner:
        if self._runner is None:
            raise DeviceError(
                "expected an open classifier. Received: one that was closed. Open the file again."
            )
        return self._runner

    def _switch(self, spare: OpenedModel, error: DeviceError) -> None:
        failed, self._runner = self._runner, spare.runner
        self._note_fallback(self.card, error)
        self._model, self._spare = spare.model, None
        if failed is not None:
            failed.close()

    def _note_fallback(self, failed: ModelCard, error: Exception) -> None:
        self._fallback = f"in place of {failed.name}: {error}"
        log.warning("The fallback computes from now on, %s", self._fallback)

    def _assess(self, picture: Picture | PreparedPicture, start: float) -> Assessment:
        """The assessment; ``start`` is the reading of ``perf_counter`` when it was asked for."""
        runner, asked = self._active, (self.card.preprocessing, self.card.quality)
        ahead_ms = 0.0
        if not isinstance(picture, PreparedPicture):
            prepared = prepare(picture, *asked)
        elif (picture.spec, picture.limits) == asked:
            prepared, ahead_ms = picture, picture.preprocess_ms + picture.checks_ms
        else:  # a fallback that asks for something else has taken over
            prepared = prepare(picture.picture, *asked)
        retake = tuple(prepared.quality.retake.values())
        ready = time.perf_counter()
        logit = None if retake else logit_of(runner, prepared.pixels)
        invoked = time.perf_counter()
        decision, score, reasons = (
            (Decision.RETAKE, None, retake) if logit is None else self._decide(logit)
        )
        return Assessment(
            decision=decision,
            score=score,
            logit=logit,
            reasons=reasons,
            preprocess_ms=prepared.preprocess_ms,
            invoke_ms=(invoked - ready) * 1e3,
            latency_ms=(time.perf_counter() - start) * 1e3 + ahead_ms,
            model=self.card.name,
            variant=self.card.variant,
            runtime=runner.info.runtime,
            delegate=runner.info.delegate,
            fallback=self._fallback,
            picture_sha256=prepared.sha256,
            card=self.card,
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
