"""BATCH_MATMUL of two tensors, with broadcasting of the batches."""

import math

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._form import Code, Form, strides

_BATCH_DIMS = 3


def generate(form: Form) -> Code:
    """Either matrix may stand transposed; then it is walked through the other way.

    Source:
        tflite-micro, micro/kernels/batch_matmul.cc; kernels/internal/reference/batch_matmul.h.
    """
    form.count_inputs(2, 2)
    first, second, output = form.input(0), form.input(1), form.output
    shapes = [(1,) * (_BATCH_DIMS + 2 - len(tensor.shape)) + tensor.shape for tensor in (first, second)]
    steps = [strides(shape) for shape in shapes]
    flips = [bool(form.op.options.get(name)) for name in ("adj_x", "adj_y")]
    rows, depth = reversed(shapes[0][-2:]) if flips[0] else shapes[0][-2:]
    columns, depth2 = shapes[1][-2:] if flips[1] else reversed(shapes[1][-2:])
    pairs = list(zip(shapes[0][:_BATCH_DIMS], shapes[1][:_BATCH_DIMS], strict=False))
    batches = [max(pair) for pair in pairs]
    wrong = (
        min(len(first.shape), len(second.shape)) < 2
        or max(map(len, shapes)) > _BATCH_DIMS + 2
        or depth != depth2
        or any(size not in (1, max(pair)) for pair in pairs for size in pair)
        or math.prod(output.shape) != math.prod(batches) * rows * columns
    )
    if wrong:
        found = f"{first.shape} times {second.shape} to {output.shape}, transposed {flips}"
        raise form.refuse(found, f"matrices that go together, of at most {_BATCH_DIMS + 2} dimensions")
    multiplier, shift = quantize_multiplier(first.scale * second.scale / output.scale)
    if 255**2 * depth >= 2**31 or shift > 30:
        raise form.refuse(f"sums of {depth} products, times 2^{shift}", "what 32 bits hold")
    fields: dict[str, object] = {
        "batches": batches,
        "strides1": _repeated(shapes[0], steps[0]),
        "strides2": _repeated(shapes[1], steps[1]),
        "rows": rows,
        "columns": columns,
        "depth": depth,
        "row_stride": steps[0][-1] if flips[0] else steps[0][-2],
        "depth_stride1": steps[0][-2] if flips[0] else steps[0][-1],
        "column_stride": steps[1][-2] if flips[1] else steps[1][-1],
        "depth_stride2": steps[1][-1] if flips[1] else steps[1][-2],
        "offset1": -first.zero_point,
        "offset2": -second.zero_point,
        "output_multiplier": multiplier,
        "output_shift": shift,
        "output_zero_point": output.zero_point,
    }
    return form.code("batch_matmul_s8", fields, first, second)


def _repeated(shape: tuple[int, ...], steps: list[int]) -> list[int]:
    """Strides of the batches; 0 where there is one for all."""
    return [0 if size == 1 else step for size, step in zip(shape[:-2], steps, strict=False)]
