"""Operators of one value: their 256 answers are computed here and stand in a table."""

import math
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from codegen.fixedpoint import INT8_MAX, INT8_MIN, saturate
from codegen.ops._form import Code, Form, array

_MOST_LEFT = 22  # an input less its zero point has 9 bits with its sign


def lookup(form: Form, answer: Callable[[int], int]) -> Code:
    """A call to the kernel that looks values up.

    Args:
        answer: from an input, less its zero point, to an output, to which its zero point is still to be
            added and which may lie outside of int8.
    Raises:
        UserError: input and output have different numbers of values.
    """
    entry, result = form.input(), form.output
    values = [
        saturate(answer(value - entry.zero_point) + result.zero_point)
        for value in range(INT8_MIN, INT8_MAX + 1)
    ]
    return _look_up(form, np.array(values, np.int8))


def generate(form: Form) -> Code:
    """TABLE, which ``codegen.passes.tables`` makes: its answers are input 1."""
    answers = form.constant(1, "int8", "the table").data
    assert answers is not None
    return _look_up(form, answers)


def _look_up(form: Form, table: NDArray[np.int8]) -> Code:
    entry, result = form.input(), form.output
    count = math.prod(entry.shape)
    if count != math.prod(result.shape):
        raise form.refuse(f"from {entry.shape} to {result.shape}", "the same number of values")
    name = f"table_{zlib.crc32(table.tobytes()):08x}"  # one for all operators that have the same
    return form.code(
        "lookup_s8",
        {"count": count, "table": name},
        entry,
        constants=(array(name, table),),
        overlaps=form.in_step(entry),
    )


def check_shifts(form: Form, *shifts: int) -> None:
    """Refuse scales by which inputs would leave 32 bits, as they would in the original."""
    if max(shifts) > _MOST_LEFT:
        found = f"scales {form.input().scale:.9g} to {form.output.scale:.9g}"
        raise form.refuse(found, f"a factor of at most 2^{_MOST_LEFT}")
