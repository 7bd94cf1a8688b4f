"""TensorFlow Lite's flatbuffer schema: its tables, its names of things, and the operators that are run here.

Source:
    TensorFlow Lite's schema.fbs, version 3.
"""

import importlib
from types import ModuleType
from typing import Any

import numpy as np

from train.core.errors import UserError

IDENTIFIER = b"TFL3"  # bytes 4..7 of every .tflite
VERSION = 3

# What both engines run: quantize lets these through, and each is a file in codegen/ops.
ENGINE_OPS = (
    "ABS", "ADD", "ASSIGN_VARIABLE", "AVERAGE_POOL_2D", "BATCH_MATMUL", "BROADCAST_TO",
    "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "ELU", "EXPAND_DIMS",
    "FULLY_CONNECTED", "GATHER", "HARD_SWISH", "L2_NORMALIZATION", "LEAKY_RELU", "LOGISTIC",
    "MAXIMUM", "MAX_POOL_2D", "MEAN", "MINIMUM", "MIRROR_PAD", "MUL", "PACK", "PAD", "PADV2",
    "PRELU", "QUANTIZE", "READ_VARIABLE", "REDUCE_MAX", "REDUCE_MIN", "RELU", "RELU6", "RESHAPE",
    "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "RSQRT", "SLICE", "SOFTMAX",
    "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "SQUARED_DIFFERENCE", "SQUEEZE", "STRIDED_SLICE", "SUB",
    "SUM", "SVDF", "TANH", "TRANSPOSE", "TRANSPOSE_CONV", "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNPACK",
)  # fmt: skip

# By TensorType. Strings, variants and packed 4-bit types are left out: their items have no fixed size.
DTYPES = {
    name: np.dtype(dtype)
    for name, dtype in {
        "FLOAT32": "<f4", "FLOAT16": "<f2", "FLOAT64": "<f8", "COMPLEX64": "<c8", "COMPLEX128": "<c16",
        "BOOL": "?", "INT8": "i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8",
        "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8",
    }.items()
}  # fmt: skip


def package(module: str) -> ModuleType:
    """A module of tflite-micro, imported on first use: ``--help`` need not wait for it.

    Raises:
        UserError: it is not installed.
    """
    try:
        return importlib.import_module(f"tflite_micro.{module}")
    except ImportError as error:
        raise UserError(
            f"package tflite-micro is needed and cannot be imported ({error}); "
            "install it with: pip install 'earshot-kws[codegen]'"
        ) from error


def schema() -> ModuleType:
    """The generated module of the schema.

    Raises:
        UserError: package tflite-micro is not installed.
    """
    return package("tensorflow.lite.micro.python.schema_py_generated")


def enumerator(enumeration: str, value: int) -> str:
    """The schema's name of a value, such as ``CONV_2D`` for 3 of ``BuiltinOperator``; else the number."""
    for name, known in vars(getattr(schema(), enumeration)).items():
        if known == value and not name.startswith("_"):
            return str(name)
    return str(value)


def builtin_name(code: Any) -> str:
    """The name in an OperatorCode: ``CUSTOM`` for one that the schema does not know."""
    # Files from before 2020 keep the operator in a byte, new ones in both places.
    return enumerator("BuiltinOperator", max(code.builtinCode, code.deprecatedBuiltinCode))
