"""Runs a card-carrying TFLite model on a Raspberry Pi, a Coral or a desktop, without TensorFlow."""
