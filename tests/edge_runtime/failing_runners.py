"""Runners for a child process that stand in for an accelerator which works, crashes or hangs.

What they do next is read from a file, a word for each process that is started and each run, so
that a test can tell one story across several processes.
"""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_runtime.errors import DelegateUnavailableError
from edge_runtime.interpreter import load_runner
from edge_runtime.runner import FakeRunner, Runner, Tensor


def scripted(model: str, script: str) -> Runner:
    """The model's own CPU runner, behind the words of the script."""
    inner = load_runner(Path(model))

    def run(tensor: Tensor) -> Tensor:
        output = inner.run(tensor)
        return np.zeros_like(output) if act(script) == "lie" else output

    if act(script) == "absent":
        raise DelegateUnavailableError("expected an Edge TPU. Received: no device")
    info = replace(inner.info, delegate="edgetpu")
    return FakeRunner(handler=run, input=inner.input, output=inner.output, info=info)


def scripted_edgetpu(path: str, **_: object) -> Runner:
    """What the classifier starts for an Edge TPU, with the script that the environment names."""
    return scripted(path, os.environ["MELANOMA_TEST_SCRIPT"])


def act(script: str) -> str:
    """Take the next word of the script and do it; an empty script means all is well."""
    path = Path(script)
    word, _, rest = path.read_text().partition(" ")
    path.write_text(rest)
    if word == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif word == "hang":
        time.sleep(600)
    elif word == "fail":
        raise RuntimeError("invoke failed")
    elif word == "exit":
        os._exit(3)
    elif word == "print":
        os.write(1, b"what a driver has to say\n")
    return word
