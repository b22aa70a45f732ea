"""Checks before scoring: reasons why a picture should be taken again."""

import numpy as np

from edge_runtime.contract.preprocess import Pixels

# Measured on 5,984 dermatoscopic pictures of HAM10000, one a lesion, at 224 pixels: the flattest
# spans 22 grey levels (21 at 299), one in a thousand at most 33, one in a hundred at most 43. So
# none of them is sent back, and a covered lens, which gives a few levels of noise, is.
MIN_CONTRAST = 12.0


def retake_reasons(pixels: Pixels) -> tuple[str, ...]:
    """Why these pixels cannot be scored; empty if they can.

    Args:
        pixels: uint8 array (H, W, 3), RGB, as ``preprocess`` makes them.
    """
    # Every fourth pixel each way is enough for percentiles and costs a sixteenth.
    dark, bright = np.percentile(pixels[::4, ::4, 1], (2, 98))
    if bright - dark < MIN_CONTRAST:
        return (
            f"the picture is almost uniform (contrast {bright - dark:.0f} of at least "
            f"{MIN_CONTRAST:.0f} grey levels): check the lens cap, the light and the focus",
        )
    return ()
