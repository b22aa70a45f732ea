"""Several pictures at once: a thread and an interpreter of its own for each core.

The runtimes let go of Python's lock while they compute, and one thread in each of several
interpreters gets more pictures through than several threads in one.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from edge_runtime.classifier import LesionClassifier
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.preprocess import Pixels
from edge_runtime.decode_ahead import decode_ahead
from edge_runtime.errors import InputError
from edge_runtime.prepared_picture import PreparedPicture
from edge_runtime.runner import RunnerInfo
from edge_runtime.self_test import SelfTestMode
from edge_runtime.shared_work import MOST_AT_ONCE, Outcome, SharedWork
from edge_runtime.thread_choice import ThreadCount, available_cores

Picture = TypeVar("Picture", bound=Path | bytes | Pixels)
# For each worker, so that none waits while the caller looks at a result. Paths take no memory.
_PATHS_AHEAD, _PICTURES_AHEAD = 3 * MOST_AT_ONCE, 2


class ParallelClassifier:
    """Interpreters of one file that share the work; results come in the order of the pictures.

        with ParallelClassifier.open(Path("inceptionv3_mixed5_224_int8.tflite")) as classifier:
            for picture, outcome in classifier.assess_many(pictures):
                ...

    For one caller at a time. Each interpreter holds the network's weights once more.
    """

    def __init__(self, classifiers: Iterable[LesionClassifier]) -> None:
        """Join classifiers of one file, at least one."""
        self._classifiers = tuple(classifiers)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        workers: int | None = None,
        runtime: str = "auto",
        delegate: str | None = None,
        threads: ThreadCount = 1,
        self_test: SelfTestMode = "always",
        fallback: Path | None = None,
    ) -> Self:
        """Verify and load a model file, once a worker; arguments as ``LesionClassifier.open``.

        A file for an accelerator gets one worker: that many accelerators are there.

        Args:
            path: A ``.tflite`` file with a card.
            workers: Pictures that are worked on at once; None takes the cores of this process.
            runtime: Package that computes.
            delegate: Accelerator and device.
            threads: Threads of one inference; more than 1 pays with one worker only.
            self_test: ``always`` proves every interpreter.
            fallback: Takes over from an accelerator.

        Raises:
            MelanomaError: As :meth:`LesionClassifier.open` does.
        """

        def open_one() -> LesionClassifier:
            return LesionClassifier.open(
                path,
                runtime=runtime,
                delegate=delegate,
                threads=threads,
                self_test=self_test,
                fallback=fallback,
            )

        opened = [open_one()]
        on_processor = opened[0].info.delegate == "cpu" and opened[0].fallback is None
        try:
            # One after the other: hiding the native log lines moves the process's own streams.
            for _ in range((workers or available_cores()) - 1 if on_processor else 0):
                opened.append(open_one())
        except BaseException:
            for classifier in opened:
                classifier.close()
            raise
        return cls(opened)

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
        """Let go of the interpreters and their memory."""
        for classifier in self._classifiers:
            classifier.close()

    @property
    def workers(self) -> int:
        """How many pictures are worked on at once."""
        return len(self._classifiers)

    @property
    def card(self) -> ModelCard:
        """Card of the file that computes."""
        return self._classifiers[0].card

    @property
    def info(self) -> RunnerInfo:
        """What computes, in each worker."""
        return self._classifiers[0].info

    def assess_many(self, pictures: Iterable[Picture]) -> Iterator[tuple[Picture, Outcome]]:
        """Each picture with its assessment, or with the reason why it has none, in order.

        Pictures are taken from the iterable a few ahead. When the caller stops early, or Ctrl-C
        does, those at work are finished and no further one is begun.

        Args:
            pictures: As :meth:`LesionClassifier.assess` takes them.

        Raises:
            ContractError: If the network's output is not a finite number.
        """
        if self.workers == 1:
            # Another interpreter is not to be had: decoding in a thread is what is left to gain.
            classifier = self._classifiers[0]
            for picture, prepared in decode_ahead(pictures, classifier.prepare):
                yield picture, _assess_prepared(classifier, prepared)
            return
        ahead: deque[tuple[Picture, Future[Outcome]]] = deque()
        work = SharedWork(self._classifiers)
        try:
            for picture in pictures:
                ahead.append((picture, work.add(picture)))
                each = _PATHS_AHEAD if isinstance(picture, Path) else _PICTURES_AHEAD
                if len(ahead) > self.workers * each:
                    yield _finished(ahead)
            while ahead:
                yield _finished(ahead)
        finally:
            work.stop()


def _assess_prepared(
    classifier: LesionClassifier, prepared: PreparedPicture | InputError
) -> Outcome:
    if isinstance(prepared, InputError):
        return prepared
    try:
        return classifier.assess(prepared)
    except InputError as error:  # of a fallback that prepares it again
        return error


def _finished(ahead: "deque[tuple[Picture, Future[Outcome]]]") -> tuple[Picture, Outcome]:
    picture, future = ahead.popleft()
    return picture, future.result()
