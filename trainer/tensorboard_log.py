"""Epochs as TensorBoard reads them."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edge_runtime.console import log
from trainer.checkpoint import Row


def epoch_logger(folder: Path) -> Callable[[Row], None]:
    """A function that logs an epoch's row to ``folder``; without TensorBoard it does nothing."""
    if find_spec("tensorflow") is None or find_spec("tensorboard") is None:
        log.info("no TensorBoard log: it needs the packages tensorflow and tensorboard")
        return lambda _: None
    import tensorflow as tf

    @cache
    def writer() -> Any:
        """Made with the first row: a run without a second stage leaves no empty log."""
        return tf.summary.create_file_writer(str(folder))

    def log_row(row: Row) -> None:
        with writer().as_default():
            for name, value in row.items():
                if name != "epoch":
                    tf.summary.scalar(name, value, step=int(row["epoch"]))
        writer().flush()

    return log_row
