"""Exports a trained model as TFLite variants, each proven on the runtime that the device uses."""
