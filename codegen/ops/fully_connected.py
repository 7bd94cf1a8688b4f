"""FULLY_CONNECTED, per tensor and per channel."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codegen.ops._form import Code, Form, array, describe, weighted_sum, weights_and_bias

_DOT_OUTPUTS, _DOT_TAPS = 4, 16  # of a block of weights


def generate(form: Form) -> Code:
    """Weights come in blocks of a few outputs and inputs; the inputs are filled up with zeros."""
    form.count_inputs(2, 3)
    outputs = form.output.shape[-1] if form.output.shape else 0
    weights, bias = weights_and_bias(form, outputs)
    assert weights.data is not None
    size = int(np.prod(form.input().shape))
    if len(weights.shape) != 2 or weights.shape[0] != outputs or size % weights.shape[1]:
        raise form.refuse(
            f"{describe(weights)} has shape {weights.shape} for an input of {size} values",
            f"({outputs}, a divisor of the size of the input)",
        )
    if form.input().data is not None:  # nobody fills up constants to whole blocks
        raise form.refuse(f"{describe(form.input())} is a constant", "an input that is computed")
    rows = size // weights.shape[1]
    if rows * outputs != np.prod(form.output.shape):
        raise form.refuse(f"an output of shape {form.output.shape}", f"{rows} rows of {outputs} values")
    layout = form.op.options.get("weights_format", 0)
    if layout:
        raise form.refuse(f"weights in format {layout}", "the plain format, 0")
    filters = np.pad(weights.data, ((0, 0), (0, -weights.shape[1] % _DOT_TAPS)))
    rest = outputs % _DOT_OUTPUTS
    blocks = [_blocks(filters[: outputs - rest], _DOT_OUTPUTS)]
    blocks += [_blocks(filters[-rest:], rest)] if rest else []
    fields, constants, _ = weighted_sum(form, weights.data, bias, _scales(form, weights.scales))
    name = f"op_{form.op.index}_weights"
    code = form.code(
        "fully_connected_s8",
        {
            "rows": rows,
            "input_count": weights.shape[1],
            "output_count": outputs,
            **form.activation(),
            "group_weights": _DOT_OUTPUTS * filters.shape[1],
            "weights": name,
            "scale_step": int(len(weights.scales) > 1),
            **fields,
        },
        form.input(),
        constants=(array(name, np.concatenate(blocks)), *constants),
        conditions=(f"KWS_DOT_OUTPUTS == {_DOT_OUTPUTS}", f"KWS_DOT_TAPS == {_DOT_TAPS}"),
        reads_beyond_bytes=-weights.shape[1] % _DOT_TAPS,
    )
    return _with_rest(code, outputs // _DOT_OUTPUTS, rest)


def _with_rest(code: Code, groups: int, rest: int) -> Code:
    """A call for the whole groups, where there are any, and one for the outputs behind them."""
    (call,) = code.calls
    calls = [call] if groups else []
    kernels = code.kernels if groups else ()
    if rest:
        calls.append(call.replace("kws_fully_connected_s8", f"kws_fully_connected_rest_{rest}_s8"))
        kernels = (*kernels, "fully_connected_rest_s8")
    return replace(code, calls=tuple(calls), kernels=kernels)


def _blocks(filters: NDArray[np.int8], outputs: int) -> NDArray[np.int8]:
    """Weights in the order in which groups of outputs meet the inputs: block by block."""
    return filters.reshape(-1, outputs, filters.shape[1] // _DOT_TAPS, _DOT_TAPS).swapaxes(1, 2).ravel()


def _scales(form: Form, weight_scales: tuple[float, ...]) -> list[float]:
    """Factor from a sum to the output: of each output, or of all.

    Source:
        tflite-micro, micro/kernels/fully_connected_common.cc, one scale per output. One for all: the
        interpreter of the pinned package, which multiplies in float64 too; the source of August 2026
        multiplies that one in float32 (kernels/kernel_util.cc).
    """
    scale_in, scale_out = form.input().scale, form.output.scale
    if len(weight_scales) not in (1, form.output.shape[-1]):
        raise form.refuse(f"{len(weight_scales)} scales of weights", f"one, or {form.output.shape[-1]}")
    return [scale_in * scale / scale_out for scale in weight_scales]
