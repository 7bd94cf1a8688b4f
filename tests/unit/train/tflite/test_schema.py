"""The names of the schema, and the list of operators."""

import pkgutil

import numpy as np
import pytest

import codegen.ops
from train.tflite.schema import DTYPES, ENGINE_OPS, builtin_name, enumerator, schema


def test_every_operator_is_the_schemas_and_a_file_of_codegen_and_the_other_way_round():
    assert all(hasattr(schema().BuiltinOperator, name) for name in ENGINE_OPS)
    files = {found.name for found in pkgutil.iter_modules(codegen.ops.__path__) if found.name[0] != "_"}
    assert {name.lower() for name in ENGINE_OPS} == files


def test_every_type_is_the_schemas():
    assert all(hasattr(schema().TensorType, name) for name in DTYPES)
    assert all(np.dtype(name.lower()) == dtype for name, dtype in DTYPES.items())


@pytest.mark.parametrize(
    ("new", "old", "name"),
    [(3, 3, "CONV_2D"), (0, 3, "CONV_2D"), (128, 127, "CUMSUM"), (32, 32, "CUSTOM"), (9999, 127, "9999")],
)
def test_an_operator_code_in_either_place(new, old, name):
    code = schema().OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode = new, old
    assert builtin_name(code) == name


def test_a_value_that_the_schema_does_not_know_is_its_number():
    assert enumerator("Padding", 1) == "VALID"
    assert enumerator("Padding", 77) == "77"
