"""UNIDIRECTIONAL_SEQUENCE_LSTM: int8, with cells of int16; what Keras calls LSTM."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from codegen.fixedpoint import quantize_multiplier, round_half_away
from codegen.ops._dot import CONDITIONS, blocks, folded_bias, padding
from codegen.ops._form import Code, Constant, Form, array, describe
from train.tflite.graph import MISSING, Tensor

_INPUTS = 24
_GATES = ("input", "forget", "cell", "output")  # the order of their inputs
_INPUT_WEIGHTS, _HIDDEN_WEIGHTS, _BIAS = 1, 5, 12  # the first of four inputs each
_UNUSED = (*range(9, 12), *range(16, 18), *range(20, 24))  # peepholes, projection, normalization
_HIDDEN, _CELLS = 18, 19
_GATE_SCALE = 2.0**-12  # of what goes into a gate
_RATIO_SCALE = 2.0**-15  # of what comes out
_TABLE_STEPS = 24  # of the table of sigmoids, in 1
_TABLE = "sigmoid_table"


def generate(form: Form) -> Code:
    """The hidden state and the cells are tensors of their own, and last until they are reset.

    Source:
        tflite-micro, micro/kernels/lstm_eval_common.cc, lstm_eval.h.
    """
    form.count_inputs(_INPUTS, _INPUTS)
    entry, output = form.input(), form.output
    hidden, cells = form.state(_HIDDEN, "the hidden state", "int8"), form.state(_CELLS, "the cells", "int16")
    used = [position for position in _UNUSED if form.op.inputs[position] != MISSING]
    if used or form.op.options.get("fused_activation_function") != "TANH":
        found = f"inputs {used} and activation {form.op.options.get('fused_activation_function')}"
        raise form.refuse(found, "no peepholes, projection or normalization, and TANH")
    form.same_quantization(output, hidden)
    log_scale = math.log2(cells.scale)
    if cells.zero_point or not log_scale.is_integer() or not -26 <= log_scale <= 2:
        raise form.refuse(
            f"{describe(cells)} has scale {cells.scale:.9g} and zero point {cells.zero_point}",
            "a power of two, and 0",
        )
    sizes = _Sizes.of(form, entry, output, hidden, cells)
    gates = [_Gate.of(form, kind, position, sizes, hidden) for position, kind in enumerate(_GATES)]
    fields = {**sizes.fields(), **{gate.kind: gate.fields for gate in gates}, **_inner(form, hidden, cells)}
    name = f"op_{form.op.index}"
    arguments = [form.ref(entry), form.ref(output), form.ref(hidden), f"(int16_t *)({form.ref(cells)})"]
    return Code(
        kernels=("lstm_s8",),
        headers=("lstm_s8",),
        constants=(*(constant for gate in gates for constant in gate.constants), _sigmoids()),
        params=((name, "kws_lstm_params", fields),),
        calls=(f"kws_lstm_s8({', '.join(arguments)}, &{name});",),
        conditions=CONDITIONS,
        reads_beyond_bytes=max(padding(sizes.inputs), padding(sizes.units)),
    )


@dataclass(frozen=True)
class _Sizes:
    """Batches, steps, inputs and units, and whether steps come before batches."""

    batches: int
    steps: int
    inputs: int
    units: int
    is_time_major: bool

    @staticmethod
    def of(form: Form, entry: Tensor, output: Tensor, hidden: Tensor, cells: Tensor) -> "_Sizes":
        is_time_major = bool(form.op.options.get("time_major"))
        if len(entry.shape) != 3 or len(output.shape) != 3 or output.shape[:2] != entry.shape[:2]:
            found = f"from {entry.shape} to {output.shape}"
            raise form.refuse(found, "(batch, time, values), or (time, batch, values), of both")
        first, second, inputs = entry.shape
        batches, steps = (second, first) if is_time_major else (first, second)
        units = output.shape[2]
        for state in (hidden, cells):
            if math.prod(state.shape) != batches * units:
                raise form.refuse(f"{describe(state)} has shape {state.shape}", f"{batches} x {units} values")
        return _Sizes(batches, steps, inputs, units, is_time_major)

    def fields(self) -> dict[str, object]:
        batch, step = (1, self.batches) if self.is_time_major else (self.steps, 1)
        return {
            "batches": self.batches,
            "steps": self.steps,
            "input_count": self.inputs,
            "units": self.units,
            "input_batch": batch * self.inputs,
            "input_step": step * self.inputs,
            "output_batch": batch * self.units,
            "output_step": step * self.units,
            "padded_input": self.inputs + padding(self.inputs),
            "padded_hidden": self.units + padding(self.units),
        }


@dataclass(frozen=True)
class _Gate:
    """Weights and scales of one gate."""

    kind: str
    fields: dict[str, object] = field(default_factory=dict)
    constants: list[Constant] = field(default_factory=list)

    @staticmethod
    def of(form: Form, kind: str, position: int, sizes: _Sizes, hidden: Tensor) -> "_Gate":
        gate = _Gate(kind)
        bias = form.constant(_BIAS + position, "int32", f"the bias of the {kind} gate").data
        assert bias is not None
        if bias.size != sizes.units:
            raise form.refuse(f"{bias.size} biases of the {kind} gate", f"{sizes.units}")
        gate._add(form, "input", _INPUT_WEIGHTS + position, sizes.units, form.input(), bias.ravel())
        gate._add(form, "hidden", _HIDDEN_WEIGHTS + position, sizes.units, hidden, None)
        return gate

    def _add(
        self, form: Form, side: str, at: int, units: int, values: Tensor, bias: NDArray[np.int32] | None
    ) -> None:
        """The weights that meet the input, or the hidden state."""
        weights = form.constant(at, "int8", f"the weights from {side} to the {self.kind} gate")
        assert weights.data is not None
        expected = (units, values.shape[-1])
        if weights.shape != expected or len(weights.scales) != 1 or any(weights.zero_points):
            found = (
                f"shape {weights.shape}, {len(weights.scales)} scales, zero points {weights.zero_points[:4]}"
            )
            wanted = f"{expected}, one scale, and zero points of 0"
            raise form.refuse(f"{describe(weights)} has {found}", wanted)
        multiplier, shift = quantize_multiplier(values.scale * weights.scale / _GATE_SCALE)
        biases, largest = folded_bias(weights.data, bias, values.zero_point)
        if largest >= 2**31 or shift > 30:
            raise form.refuse(f"sums of up to {largest}, times 2^{shift}", "what 32 bits hold")
        name = f"op_{form.op.index}_{self.kind}_{side}"
        self.constants.append(blocks(f"{name}_weights", weights.data))
        self.constants.append(array(f"{name}_bias", biases.astype(np.int32)))
        self.fields[f"{side}_weights"], self.fields[f"{side}_bias"] = f"{name}_weights", f"{name}_bias"
        self.fields[f"{side}_multiplier"], self.fields[f"{side}_shift"] = multiplier, shift


def _inner(form: Form, hidden: Tensor, cells: Tensor) -> Mapping[str, object]:
    """Fields for what happens between the gates."""
    factors = {
        "forget": _RATIO_SCALE,
        "input": _RATIO_SCALE * _RATIO_SCALE / cells.scale,
        "output": _RATIO_SCALE * _RATIO_SCALE / hidden.scale,
    }
    fields: dict[str, object] = {}
    for name, factor in factors.items():
        fields[f"{name}_multiplier"], shift = quantize_multiplier(factor)
        fields[f"{name}_shift"] = shift
        if shift > 0:
            found = f"scales {cells.scale:.9g} of the cells and {hidden.scale:.9g} of the output"
            raise form.refuse(found, "larger ones")
    clip = float(form.op.options.get("cell_clip", 0))
    limit = int(min(clip / cells.scale, 32767.0))
    left = 12 + round(math.log2(cells.scale))  # from the cells to Q3.12
    return {
        **fields,
        "output_zero_point": hidden.zero_point,
        "cell_min": -limit if clip > 0 else -32768,
        "cell_max": limit if clip > 0 else 32767,
        "tanh_multiplier": 3 << max(left, 0),
        "tanh_shift": max(-left, 0),
        "sigmoid": _TABLE,
    }


def _sigmoids() -> Constant:
    """1 / (1 + e^-x) in Q0.16, raised by half of what a straight line between two places lies too low.

    Source:
        tflite-micro, kernels/internal/common.h, sigmoid_table_uint16: this formula gives its numbers.
    """
    step, values = 1 / _TABLE_STEPS, []
    for place in range(256):
        y = 1 / (1 + math.exp(-place * step))
        curvature = y * (1 - y) * (1 - 2 * y)
        values.append(round_half_away(65536 * (y - step * step / 16 * curvature)))
    values[-1] = 65535
    return array(_TABLE, np.array(values, np.uint16))
