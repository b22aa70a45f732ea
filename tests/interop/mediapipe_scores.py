"""What MediaPipe Tasks' ImageClassifier shows, as JSON; runs where only MediaPipe is installed.

    python mediapipe_scores.py MODEL.tflite PIXELS.npy PICTURES.json

Scores of the pixels as they are, and of the picture files through MediaPipe's own decoder.
"""

import json
import sys
from pathlib import Path

import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision


def main() -> None:
    model, pixels, pictures = sys.argv[1:]
    base = BaseOptions(model_asset_path=model)
    options = vision.ImageClassifierOptions(base_options=base)
    with vision.ImageClassifier.create_from_options(options) as classifier:

        def category(image: mp.Image) -> tuple[str, float]:
            (head,) = classifier.classify(image).classifications
            (only,) = head.categories
            return only.category_name, only.score

        arrays = [
            category(mp.Image(image_format=mp.ImageFormat.SRGB, data=one))
            for one in np.load(pixels)
        ]
        files = [
            category(mp.Image.create_from_file(path))
            for path in json.loads(Path(pictures).read_text())
        ]
    result = {
        "labels": sorted({label for label, _ in arrays}),
        "scores": [score for _, score in arrays],
        "scores_of_files": [score for _, score in files],
    }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
