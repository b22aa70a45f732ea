"""Says so where a file runs on other kernels than those its operating point was measured on."""

from edge_runtime.runner import RunnerInfo


def runtime_note(card_family: str, info: RunnerInfo) -> str | None:
    """What a reader of results must know about the kernels here; None if they are the card's.

    Args:
        card_family: Kernel family that the operating point was measured on, one of
            ``golden.KERNEL_FAMILIES``; empty if the card does not say.
        info: What computes here.
    """
    if card_family == info.kernel_family:
        return None
    here = f"here {info.runtime} computes with {info.kernel_family} kernels"
    if not card_family:
        return f"the card does not say which kernels its operating point was measured on; {here}"
    return (
        f"the operating point was measured with {card_family} kernels; {here}, whose rounding "
        "differs: scores near the threshold may fall on its other side"
    )
