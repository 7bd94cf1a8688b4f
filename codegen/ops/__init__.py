"""The operators that the compiled engine runs, one file each, named as in ``train.tflite.schema.ENGINE_OPS``.

docs/ADD_AN_OPERATOR.md is the recipe. Each file has ``generate(form) -> Code``; it refuses,
with a UserError, every form of the operator whose bits are not proven.
"""

import importlib

from codegen.ops import _lookup
from codegen.ops._form import Code, Form, Room
from codegen.passes.tables import TABLE
from train.core.errors import UserError
from train.tflite.graph import Graph, Op
from train.tflite.schema import ENGINE_OPS

_MODULES = {name: importlib.import_module(f"{__name__}.{name.lower()}") for name in ENGINE_OPS}
_MODULES[TABLE] = _lookup


def check_operators(graph: Graph, where: str) -> None:
    """Refuse a graph with operators that the engine does not run, all of them at once.

    Args:
        where: name of the model, used in messages.
    Raises:
        UserError: naming each kind, and the first place of each.
    """
    missing = {op.name: op for op in reversed(graph.ops) if op.custom or op.name not in _MODULES}
    if not missing:
        return
    first, *others = sorted(missing.values(), key=lambda op: op.index)
    kind = "the custom operator" if first.custom else "operator"
    output = graph.tensors[first.outputs[0]] if first.outputs else None
    writes = f", which writes tensor {output.index} {output.name!r}" if output else ""
    also = f"; also {', '.join(f'op {op.index} {op.name}' for op in others)}" if others else ""
    raise UserError(
        f"{where}: op {first.index} is {kind} {first.name}{writes}{also}; the compiled engine runs "
        f"{', '.join(ENGINE_OPS)}. Change the model, or add codegen/ops/{first.name.lower()}.py "
        "(docs/ADD_AN_OPERATOR.md)"
    )


def generate(graph: Graph, op: Op, where: str, part: str = "", room: Room | None = None) -> Code:
    """The C of one operator of those that the engine runs.

    Args:
        where: name of the model, used in messages.
        part: what names in C end with, where the operator becomes C several times.
        room: scratch memory that it may have.
    Raises:
        UserError: a form of it that the engine does not run.
    """
    code: Code = _MODULES[op.name].generate(Form(graph, op, where, part, room or Room()))
    return code
