"""Builds and trains InceptionV3 to tell benign from malignant lesions, with figures to believe."""
