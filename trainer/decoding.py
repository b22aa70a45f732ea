"""Pictures decoded for a network, a batch ahead of what it works on."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.contract.manifest import Picture, require_unchanged
from edge_runtime.contract.preprocess import Pixels, Preprocessing, preprocess
from edge_runtime.errors import MelanomaError


def decoded_batches(
    folder: Path,
    pictures: Sequence[Picture],
    spec: Preprocessing,
    batch_size: int,
    unusable: dict[str, str],
) -> Iterator[npt.NDArray[np.uint8]]:
    """uint8 batches (n, H, W, 3) of the pictures, the next decoded while the last is used.

    An unusable picture is black in its batch, and its reason is put into ``unusable``.
    """

    def decode(picture: Picture) -> Pixels:
        try:
            return preprocess(require_unchanged(folder, picture), spec)
        except MelanomaError as error:
            unusable[picture.file] = str(error)
            return np.zeros((*spec.size_hw, 3), np.uint8)

    with ThreadPoolExecutor() as pool:
        waiting = None
        for start in range(0, len(pictures), batch_size):
            upcoming = [pool.submit(decode, p) for p in pictures[start : start + batch_size]]
            if waiting is not None:
                yield np.stack([future.result() for future in waiting])
            waiting = upcoming
        if waiting is not None:
            yield np.stack([future.result() for future in waiting])
