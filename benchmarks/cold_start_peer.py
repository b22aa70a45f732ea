"""A new process of MediaPipe Tasks that classifies one picture file and ends, as a user writes it.

Run by its path with the model and the picture; imports nothing of this project.
"""

import importlib
import sys


def main() -> None:
    """Print the first category's score."""
    mediapipe = importlib.import_module("mediapipe")
    tasks = importlib.import_module("mediapipe.tasks.python")
    vision = importlib.import_module("mediapipe.tasks.python.vision")
    options = vision.ImageClassifierOptions(
        base_options=tasks.BaseOptions(model_asset_path=sys.argv[1])
    )
    with vision.ImageClassifier.create_from_options(options) as classifier:
        result = classifier.classify(mediapipe.Image.create_from_file(sys.argv[2]))
        sys.stdout.write(f"{result.classifications[0].categories[0].score}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
