"""The look of every plot: colours, type, footer, and one way to write it.

Matplotlib is drawn on without pyplot, so no window, no global figure and no chosen backend
are left behind; equal data give equal bytes. Colours are those of Okabe and Ito
(https://jfly.uni-koeln.de/color/), which are told apart with any colour vision.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_runtime.contract.card import NOTICE
from edge_runtime.errors import MissingDependencyError

INK = "#222222"
QUIET = "#767676"
FAINT = "#cfcfcf"
BLUE, VERMILION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
DOTTED = (0, (1, 1.8))
DOTS_PER_INCH = 150
POINTS_PER_INCH = 72
_FOOTER_INCHES = 0.2
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.title_fontsize": 8,
    "lines.linewidth": 1.7,
}


def write_png(path: Path, size_inches: tuple[float, float], draw: Callable[[Any], None]) -> None:
    """Draw on a figure in the house style and write it beside ``path``, then rename it."""
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as cause:
        raise MissingDependencyError(
            "Plots need matplotlib. Received: no module of that name. "
            'Install it with: pip install "melanoma-edge[train]"'
        ) from cause
    image = io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=size_inches, dpi=DOTS_PER_INCH)
        FigureCanvasAgg(figure)
        footer = _FOOTER_INCHES / size_inches[1]
        figure.set_layout_engine("constrained", rect=(0.0, footer, 1.0, 1.0 - footer))
        draw(figure)
        figure.text(0.01, 0.012, NOTICE, fontsize=6.5, color=QUIET)
        figure.savefig(image, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    beside = path.with_name(path.name + ".partial")
    try:
        beside.write_bytes(image.getvalue())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
