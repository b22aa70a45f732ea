"""A runner that starts anew when its process crashes or hangs, a few times an hour at most."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from edge_runtime.errors import DelegateUnavailableError, DeviceError, SelfTestError
from edge_runtime.runner import Runner, Tensor

log = logging.getLogger("melanoma")


@dataclass(frozen=True, kw_only=True)
class RestartBudget:
    """How often a failed runner may start anew before it counts as lost.

    Attributes:
        restarts: At most so many
        within_s: within this time.
    """

    restarts: int = 3
    within_s: float = 3600.0


class SupervisedRunner:
    """A runner in front of another one that may fail. Not safe to share between threads."""

    def __init__(
        self,
        start: Callable[[], Runner],
        verify: Callable[[Runner], object],
        budget: RestartBudget | None = None,
    ) -> None:
        """Start the runner; a first start that fails is not repeated.

        Args:
            start: Starts the runner.
            verify: Proves one that was started anew before it is used, as a self-test does.
            budget: Of restarts.

        Raises:
            DeviceError: If the runner cannot be started.
        """
        self._start = start
        self._verify = verify
        self._budget = budget or RestartBudget()
        self._restarted_at_s: list[float] = []
        self._failure: Exception | None = None
        first = start()
        self._runner: Runner | None = first
        self.info, self.input, self.output = first.info, first.input, first.output

    def run(self, tensor: Tensor) -> Tensor:
        """The output tensor for an input tensor, by a new process if the old one fails.

        Raises:
            DelegateUnavailableError: If the restarts are used up.
        """
        while True:
            if self._runner is None:
                self._take_restart()
            try:
                runner = self._runner or self._restarted()
                return runner.run(tensor)
            except (DeviceError, SelfTestError) as error:
                log.warning("%s", error)
                self._failure = error
                self.close()

    def close(self) -> None:
        """End the runner's process; a later run would start another one."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _restarted(self) -> Runner:
        # Kept before it is proved, so that it is closed if the proof fails.
        self._runner = self._start()
        self._verify(self._runner)
        return self._runner

    def _take_restart(self) -> None:
        now_s = time.monotonic()
        since_s = now_s - self._budget.within_s
        self._restarted_at_s = [at_s for at_s in self._restarted_at_s if at_s > since_s]
        used, most = len(self._restarted_at_s), self._budget.restarts
        if used >= most:
            raise DelegateUnavailableError(
                f"expected an accelerator that needs at most {most} restarts within "
                f"{self._budget.within_s / 60:g} minutes. Received: another failure: "
                f"{self._failure}"
            ) from self._failure
        self._restarted_at_s.append(now_s)
        log.warning("The accelerator's process is started anew (%d of %d).", used + 1, most)
