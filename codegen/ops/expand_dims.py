"""EXPAND_DIMS: RESHAPE by another name."""

from codegen.ops.reshape import generate

__all__ = ["generate"]
