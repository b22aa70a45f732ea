"""Pictures that several classifiers share out among themselves."""

import queue
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from edge_runtime.assessment import Assessment
from edge_runtime.classifier import LesionClassifier
from edge_runtime.errors import InputError, MelanomaError
from edge_runtime.prepared_picture import Picture, PreparedPicture

MOST_AT_ONCE = 8

Outcome = Assessment | InputError
_Waiting = tuple[Picture, "Future[Outcome]"]


class SharedWork:
    """A thread for each classifier takes some pictures, prepares them all, then infers them all.

    An inference pushes everything else out of a core's caches: decoding and checking several
    pictures in a row takes a third less time than one between every two inferences. The fewer
    pictures wait, the fewer a thread takes, so that all end at about the same time.
    """

    def __init__(self, classifiers: Sequence[LesionClassifier]) -> None:
        """Start threads; :meth:`stop` ends them."""
        self._idle: queue.SimpleQueue[LesionClassifier] = queue.SimpleQueue()
        for classifier in classifiers:
            self._idle.put(classifier)
        self._shares = 2 * len(classifiers)
        self._waiting: deque[_Waiting] = deque()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(len(classifiers), thread_name_prefix="assess")

    def add(self, picture: Picture) -> "Future[Outcome]":
        """Put a picture in the queue; its assessment, or why it has none, will be the result."""
        future: Future[Outcome] = Future()
        with self._lock:
            self._waiting.append((picture, future))
        # One call a picture: those that find none left have nothing to do.
        self._pool.submit(self._assess_some)
        return future

    def stop(self) -> None:
        """Finish the pictures at work, begin no other one, and end the threads."""
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)

    def _assess_some(self) -> None:
        taken = self._take()
        if not taken:
            return
        classifier = self._idle.get()
        try:
            prepared = [
                (ready, future)
                for picture, future in taken
                if (ready := self._prepare(classifier, picture, future)) is not None
            ]
            for ready, future in prepared:
                self._assess(classifier, ready, future)
        except BaseException as error:  # of a kind that nobody foresees: no caller is left waiting
            for _, future in taken:
                if not future.done():
                    future.set_exception(error)
            raise
        finally:
            self._idle.put(classifier)

    def _take(self) -> list[_Waiting]:
        with self._lock:
            count = min(MOST_AT_ONCE, max(1, len(self._waiting) // self._shares))
            return [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]

    def _prepare(
        self, classifier: LesionClassifier, picture: Picture, future: "Future[Outcome]"
    ) -> PreparedPicture | None:
        if self._stopped.is_set():
            return None
        try:
            return classifier.prepare(picture)
        except InputError as error:
            future.set_result(error)
        except MelanomaError as error:
            future.set_exception(error)
        return None

    def _assess(
        self, classifier: LesionClassifier, picture: PreparedPicture, future: "Future[Outcome]"
    ) -> None:
        if self._stopped.is_set():
            return
        try:
            future.set_result(classifier.assess(picture))
        except InputError as error:  # of a fallback that prepares it again
            future.set_result(error)
        except MelanomaError as error:
            future.set_exception(error)
