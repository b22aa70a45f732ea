"""What a trained model is worth: figures, subgroups, plots, a page and a model card."""
