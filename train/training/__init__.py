"""Labelled clips to a trained Keras model.

``stage.train`` fills the run folder; ``trainer`` is the loop, with its checkpoints.
"""
