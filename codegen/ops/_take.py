"""Operators that pick values by tables of places."""

import numpy as np

from codegen.ops._form import Code, Form, array


def take(
    form: Form,
    outer: int,
    outer_stride: int,
    row_starts: list[int],
    column_starts: list[int],
    inner: int,
) -> Code:
    """A call to the kernel: ``outer`` times rows of columns of ``inner`` neighbouring values.

    Args:
        outer_stride: elements of the input from one time to the next.
        row_starts, column_starts: element of the input with which each of the output begins; both add up.
    """
    rows, columns = f"op_{form.op.index}_rows", f"op_{form.op.index}_columns"
    return form.code(
        "take_s8",
        {
            "outer": outer,
            "outer_stride": outer_stride,
            "rows": len(row_starts),
            "columns": len(column_starts),
            "inner": inner,
            "row_starts": rows,
            "column_starts": columns,
        },
        form.input(),
        constants=(
            array(rows, np.array(row_starts, np.int32)),
            array(columns, np.array(column_starts, np.int32)),
        ),
    )
