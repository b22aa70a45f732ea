"""The logits of tflite-runtime as JSON; runs where only it and numpy 1 are installed.

python tflite_runtime_logits.py MODEL.tflite PIXELS.npy
"""

import json
import sys

import numpy as np


def main() -> None:
    from tflite_runtime.interpreter import Interpreter

    model, pixels = sys.argv[1:]
    interpreter = Interpreter(model_path=model, num_threads=1)
    interpreter.allocate_tensors()
    (picture,), (logit,) = interpreter.get_input_details(), interpreter.get_output_details()
    logits = []
    for one in np.load(pixels):
        # Float and uint8 inputs of ours both take the values 0 to 255.
        interpreter.set_tensor(picture["index"], one[None].astype(picture["dtype"]))
        interpreter.invoke()
        logits.append(float(interpreter.get_tensor(logit["index"])[0, 0]))
    sys.stdout.write(json.dumps({"logits": logits}))


if __name__ == "__main__":
    main()
