"""Runs our model files in runtimes that know nothing of us, and compares what they compute.

    python tests/interop/run.py [FOLDER] [--data FOLDER] [--pictures 50] [--json FILE]

MediaPipe Tasks must load every file and show the score that melanoma-edge shows; what
tflite-runtime 2.14 makes of them is reported. Each gets an environment of its own. Run by ``make
test-interop``; needs the package registries.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.other_pythons import TFLITE_RUNTIME, mediapipe_python, tflite_runtime_python
from converter.runtime_table import OTHERS, REFERENCE, compare_logits, run_pixels
from converter.standard_metadata import add_standard_metadata
from edge_runtime.contract.card import ModelCard
from edge_runtime.contract.embed import open_sealed, write_sealed
from edge_runtime.contract.operating_point import scores_from_logits
from edge_runtime.contract.preprocess import preprocess
from edge_runtime.sources import find_pictures
from edge_runtime.synthetic_dataset import write_dataset

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).parent
SCORE_TOLERANCE = 1e-4  # MediaPipe computes in float32
BUILTIN = OTHERS[0]


def main() -> None:
    """Compare, print the tables and leave with 1 if MediaPipe shows something else."""
    options = parse_arguments()
    mediapipe, tflite = mediapipe_python(ROOT), tflite_runtime_python(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pictures = choose_pictures(options.data, options.pictures, work)
        files = sorted(options.models.glob("*.tflite"))
        if not files:
            sys.exit(f"expected .tflite files. Received: none in {options.models}")
        rows = [compare(file, pictures, mediapipe, tflite, work) for file in files]
    source = f"of {options.data.name}" if options.data else "drawn"
    sys.stdout.write(f"\n{len(pictures)} pictures {source}\n")
    write_tables(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    problems = [problem for row in rows for problem in row["problems"]]
    if problems:
        sys.exit("\n".join(problems))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", nargs="?", type=Path, default=ROOT / "models")
    test_data = os.environ.get("MELANOMA_TEST_DATA")
    lesions = Path(test_data, "lesions") if test_data else None
    parser.add_argument("--data", type=Path, default=lesions, help="default: drawn pictures")
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


def choose_pictures(data: Path | None, count: int, work: Path) -> list[Path]:
    """Pictures spread over the data, or drawn ones."""
    if data is None:
        return write_dataset(
            work / "drawn", benign=count - count // 3, malignant=count // 3, seed=0
        )
    found = find_pictures([data.resolve()], recursive=True)
    return found[:: max(1, len(found) // count)][:count]


def compare(
    file: Path, pictures: Sequence[Path], mediapipe: Path, tflite: Path | None, work: Path
) -> dict[str, Any]:
    """What each runtime makes of one file."""
    sys.stdout.write(f"{file.name}\n")
    sys.stdout.flush()
    sealed = open_sealed(file)
    card, model, arrays = sealed.card, work / file.name, work / "pixels.npy"
    write_sealed(model, add_standard_metadata(file.read_bytes(), card), card, sealed.golden)
    pixels = [preprocess(picture, card.preprocessing) for picture in pictures]
    np.save(arrays, np.stack(pixels))
    (work / "pictures.json").write_text(json.dumps([str(picture) for picture in pictures]))
    reference = run_pixels(model, REFERENCE, pixels)
    builtin = run_pixels(model, BUILTIN, pixels)
    row: dict[str, Any] = {"file": file.name, "problems": []}
    if not np.array_equal(run_pixels(file, REFERENCE, pixels[:4]), reference[:4]):
        row["problems"].append(f"{file.name}: other logits with standard metadata than without")
    shown = ask(mediapipe, "mediapipe_scores.py", model, arrays, work / "pictures.json")
    row["mediapipe"] = judge_scores(shown, scores_from_logits(reference, card.temperature), card)
    row["problems"] += [f"{file.name} in MediaPipe: {p}" for p in row["mediapipe"]["problems"]]
    row["builtin"] = compare_logits(file.name, BUILTIN.name, card, reference, builtin).as_dict()
    if tflite is not None:
        older = ask(tflite, "tflite_runtime_logits.py", model, arrays)
        row["tflite_runtime"] = judge_logits(file.name, older, card, reference, builtin)
    return row


def ask(python: Path, script: str, *arguments: Path) -> dict[str, Any]:
    """What a script prints in another environment, or why it failed; a crash ends only it."""
    command = [str(python), str(SCRIPTS / script), *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        # From the last error on: native messages go over several lines.
        _, error, message = finished.stderr.rpartition("Error: ")
        return {"problem": " ".join(message.split()) if error else f"exit {finished.returncode}"}
    result: dict[str, Any] = json.loads(finished.stdout)
    return result


def judge_scores(shown: dict[str, Any], scores: Any, card: ModelCard) -> dict[str, Any]:
    """How far MediaPipe's scores lie from ours, and what is wrong with them."""
    if "problem" in shown:
        return {"problems": [shown["problem"]]}
    threshold = card.operating_point.threshold
    of_files = np.array(shown["scores_of_files"])
    furthest = float(np.abs(np.array(shown["scores"]) - scores).max())
    problems = []
    if shown["labels"] != [card.labels.positive]:
        problems.append(f"labels {shown['labels']} where {card.labels.positive!r} is right")
    if not furthest <= SCORE_TOLERANCE:
        problems.append(f"scores {furthest:.2e} apart where {SCORE_TOLERANCE} is allowed")
    return {
        "problems": problems,
        "max_score_difference": furthest,
        "of_files_mean_score_difference": float(np.abs(of_files - scores).mean()),
        "of_files_max_score_difference": float(np.abs(of_files - scores).max()),
        "of_files_changed_decisions": int(((of_files >= threshold) != (scores >= threshold)).sum()),
    }


def judge_logits(
    file: str, older: dict[str, Any], card: ModelCard, reference: Any, builtin: Any
) -> dict[str, Any]:
    """How far tflite-runtime's logits lie from both kernel families of ai-edge-litert."""
    if "problem" in older:
        return {"problem": older["problem"]}
    logits = np.array(older["logits"])
    return {
        **compare_logits(file, "tflite-runtime", card, reference, logits).as_dict(),
        "max_difference_from_builtin": float(np.abs(logits - builtin).max()),
    }


def write_tables(rows: Sequence[dict[str, Any]]) -> None:
    """The figures as Markdown."""
    table(
        (
            "file",
            "MediaPipe, same pixels: largest Δscore",
            "same files: mean / largest Δscore",
            "decisions that differ on files",
        ),
        [
            (
                row["file"],
                f"{found['max_score_difference']:.1e}",
                f"{found['of_files_mean_score_difference']:.4f} / "
                f"{found['of_files_max_score_difference']:.4f}",
                str(found["of_files_changed_decisions"]),
            )
            if "max_score_difference" in (found := row["mediapipe"])
            else (row["file"], found["problems"][0], "–", "–")
            for row in rows
        ],
    )
    table(
        (
            "file",
            "runtime",
            "Δlogit mean / max from XNNPACK",
            "decisions that differ",
            "max Δlogit from built-in",
        ),
        [
            (row["file"], *logit_cells(name, row[key]))
            for row in rows
            for name, key in ((BUILTIN.name, "builtin"), (TFLITE_RUNTIME[0], "tflite_runtime"))
            if key in row
        ],
    )


def logit_cells(runtime: str, found: dict[str, Any]) -> tuple[str, ...]:
    if found.get("problem"):
        return runtime, found["problem"], "–", "–"
    apart = f"{found['mean_difference']:.6f} / {found['max_difference']:.6f}"
    from_builtin = found.get("max_difference_from_builtin")
    last = "–" if from_builtin is None else f"{from_builtin:.6f}"
    return runtime, apart, str(found["changed_decisions"]), last


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    sys.stdout.write("\n")
    for cells in (columns, ["---"] * len(columns), *rows):
        sys.stdout.write(f"| {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main()
