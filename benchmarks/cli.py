"""``melanoma-bench``: measure exported models, and training, on this machine."""

from benchmarks.camera_stream import camera
from benchmarks.compare_command import compare, merge
from benchmarks.edge_overhead import edge
from benchmarks.everything import everything
from benchmarks.export_time import export_time
from benchmarks.growth_command import growth
from benchmarks.measurement_cost import overhead
from benchmarks.operators_command import operators
from benchmarks.quality_gate import quality_gate
from benchmarks.report_command import report
from benchmarks.run_command import PLOT_FILE, RESULTS_FILE, run
from benchmarks.sustained import sustained
from benchmarks.training_command import training
from edge_runtime import console
from edge_runtime.contract.card import NOTICE

__all__ = ["PLOT_FILE", "RESULTS_FILE", "app", "main"]

app = console.make_app(
    "Measure exported models on this machine: accuracy, latency, memory; and what training's "
    f"caches save. {NOTICE}"
)

app.command()(run)
app.command()(everything)
app.command()(report)
app.command()(compare)
app.command()(merge)
app.command()(sustained)
app.command()(training)
app.command()(growth)
app.command()(operators)
app.command()(edge)
app.command()(camera)
app.command()(overhead)
app.command(name="export")(export_time)
app.command(name="quality-gate")(quality_gate)


def main() -> None:
    """Entry point of ``melanoma-bench``."""
    console.run_app(app)
