"""The operators that the compiled engine runs, one file each, named as in ``train.tflite.schema.ENGINE_OPS``.

docs/ADD_AN_OPERATOR.md is the recipe. Each file has ``generate(form) -> Code``; it refuses,
with a UserError, every form of the operator whose bits are not proven.
"""

import importlib

from codegen.ops._form import Code, Form
from train.core.errors import UserError
from train.tflite.graph import Graph, Op
from train.tflite.schema import ENGINE_OPS

_MODULES = {name: importlib.import_module(f"{__name__}.{name.lower()}") for name in ENGINE_OPS}


def generate(graph: Graph, op: Op, where: str) -> Code:
    """The C of one operator.

    Args:
        where: name of the model, used in messages.
    Raises:
        UserError: an operator, or a form of one, that the engine does not run.
    """
    if op.custom or op.name not in _MODULES:
        kind = "the custom operator" if op.custom else "operator"
        output = graph.tensors[op.outputs[0]] if op.outputs else None
        writes = f", which writes tensor {output.index} {output.name!r}" if output else ""
        raise UserError(
            f"{where}: op {op.index} is {kind} {op.name}{writes}; the compiled engine runs "
            f"{', '.join(ENGINE_OPS)}. Change the model, or add codegen/ops/{op.name.lower()}.py "
            "(docs/ADD_AN_OPERATOR.md)"
        )
    code: Code = _MODULES[op.name].generate(Form(graph, op, where))
    return code
