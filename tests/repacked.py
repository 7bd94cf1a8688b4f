"""A .tflite with something in it changed by hand."""

from collections.abc import Callable

import flatbuffers

from train.tflite.reader import read_model
from train.tflite.schema import IDENTIFIER


def repack(tflite: bytes, change: Callable) -> bytes:
    """The model after ``change(tree)``."""
    tree = read_model(tflite, "original")
    change(tree)
    builder = flatbuffers.Builder(0)
    builder.Finish(tree.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())
