"""Accuracy, latency and memory of exported models, measured with the device's own code."""
