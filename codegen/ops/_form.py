"""What the files of this package share: looking at an operator, refusing it, and the C it becomes."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codegen.cformat import rows
from codegen.fixedpoint import ACTIVATIONS, INT8_MAX, INT8_MIN, activation_range, quantize_multiplier
from codegen.plan import Overlap
from train.core.errors import UserError
from train.tflite.graph import MISSING, Graph, Op, Tensor

MAX_DIMS = 4  # that the kernels with strides can walk through
_VALUES_PER_ROW, _BIASES_PER_ROW = 16, 4
_UINT32_MAX = 2**32 - 1
_PLAIN_SUM_LIMIT = 2**30
PLAIN_SHIFTS = range(-20, 0)
PLANES = 4  # what a core with DSP loads at a time: a word
_CTYPES = {"int8": "int8_t", "int16": "int16_t", "uint16": "uint16_t", "int32": "int32_t"}


@dataclass(frozen=True)
class Constant:
    """A constant array of C: its finished rows. ``item_bytes``: of each of its ``count`` items."""

    ctype: str
    name: str
    count: int
    rows: list[str]
    item_bytes: int
    is_alternative: bool = False  # some cores have it in the place of others, which are counted

    @property
    def size_bytes(self) -> int:
        """What it takes of flash."""
        return self.count * self.item_bytes


@dataclass(frozen=True)
class Tile:
    """A kws_tile: a function of its own for one shape, which the compiler then knows.

    Attributes:
        shape: fields of its kws_tile_shape.
    """

    name: str
    shape: Mapping[str, object]


@dataclass(frozen=True)
class Code:
    """An operator as C.

    Attributes:
        kernels: names of the files in firmware/kernels, without .c; the headers are ``headers``.
        constants: arrays to define before the calls.
        params: name of each params struct, its type, and its fields as ``_structs.initializer`` takes them.
        tiles: functions that the params name.
        kernel: what computes it, and why that, in words; "": the names of its kernels say it.
        calls: finished statements.
        conditions: what the constants take for granted of the kernels' headers; the C checks it.
        wants: fields of Room of which more may make it faster.
        shares, overlaps, scratch_bytes, reads_beyond_bytes: as of codegen.plan.Step.
    """

    kernels: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    constants: tuple[Constant, ...] = ()
    params: tuple[tuple[str, str, Mapping[str, object]], ...] = ()
    tiles: tuple[Tile, ...] = ()
    calls: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    shares: int | None = None
    overlaps: Mapping[int, Overlap] = field(default_factory=dict)
    scratch_bytes: int = 0
    reads_beyond_bytes: int = 0
    kernel: str = ""
    wants: tuple[str, ...] = ()

    @property
    def kernel_in_words(self) -> str:
        """``kernel``, or the names of what it calls; "" where there is nothing to compute."""
        called = self.kernels or tuple(dict.fromkeys(call.partition("(")[0] for call in self.calls))
        return self.kernel or ", ".join(called)

    @property
    def constant_bytes(self) -> int:
        """Of all its constants on a core without DSP."""
        return sum(constant.size_bytes for constant in self.constants if not constant.is_alternative)


@dataclass(frozen=True)
class Room:
    """Scratch memory that an operator may have; more makes some faster.

    Attributes:
        spare_bytes: over what it must have.
        segment_bytes: of a row of positions, as which a 1x1 convolution is done.
        window_bytes: more than other cores need, for images column by column.
        has_dsp_form: whether there is what makes cores with DSP faster: PLANES channels of a depthwise
            convolution at a time, or all that the tile of another one meets.
    """

    spare_bytes: int = 0
    segment_bytes: int = 3072
    window_bytes: int = 0
    has_dsp_form: bool = False


@dataclass(frozen=True, eq=False)
class Form:
    """One operator of a graph, seen by the file that turns it into C."""

    graph: Graph
    op: Op
    where: str  # name of the model, used in messages
    part: str = ""  # what its name ends with, where an operator becomes C several times
    room: Room = Room()
    operands: dict[str, Constant] = field(default_factory=dict)  # constant inputs that ``ref`` was asked for

    def refuse(self, found: str, expected: str) -> UserError:
        """The error to raise where the operator is not of a form that the engine runs."""
        return UserError(
            f"{self.where}: op {self.op.index} {self.op.name}: {found}; the compiled engine expects "
            f"{expected}. Change the model, or add the form to codegen/ops/{self.op.name.lower()}.py"
        )

    def count_inputs(self, least: int, most: int, outputs: int = 1) -> None:
        """Refuse an operator with fewer or more inputs, or with another number of outputs."""
        if not least <= len(self.op.inputs) <= most or len(self.op.outputs) != outputs:
            found = f"{len(self.op.inputs)} inputs and {len(self.op.outputs)} outputs"
            wanted = "one output" if outputs == 1 else f"{outputs} outputs"
            taken = f"{least}" if least == most else f"{least} to {most}"
            raise self.refuse(found, f"{taken} inputs and {wanted}")

    def input(self, position: int = 0) -> Tensor:
        """An activation, or an int8 constant in the place of one."""
        return self._quantized(self.op.inputs[position])

    @property
    def output(self) -> Tensor:
        """The one tensor that it writes."""
        return self._quantized(self.op.outputs[0])

    @property
    def outputs(self) -> list[Tensor]:
        """All tensors that it writes."""
        return [self._quantized(index) for index in self.op.outputs]

    def state(self, position: int, what: str, *dtypes: str) -> Tensor:
        """An input that the operator itself writes, and finds again at the next inference.

        Raises:
            UserError: it is missing, no variable, of another type, or without one scale.
        """
        index = self.op.inputs[position]
        if index == MISSING or not self.graph.tensors[index].is_variable:
            raise self.refuse(f"{what} (input {position}) is no variable", "a variable tensor")
        tensor = self.graph.tensors[index]
        if tensor.dtype.name not in dtypes or tensor.data is not None:
            kind = tensor.dtype.name if tensor.data is None else "constant"
            raise self.refuse(f"{describe(tensor)} is {kind}", f"{what} of type {' or '.join(dtypes)}")
        self._check_scale(tensor)
        return tensor

    def constant(self, position: int, dtype: str, what: str) -> Tensor:
        """An input with data known now.

        Raises:
            UserError: it is computed, missing or of another type.
        """
        index = self.op.inputs[position]
        if index == MISSING or self.graph.tensors[index].data is None:
            raise self.refuse(f"{what} (input {position}) is not a constant", f"a constant {dtype} tensor")
        tensor = self.graph.tensors[index]
        if tensor.dtype != np.dtype(dtype):
            raise self.refuse(f"{describe(tensor)} is {tensor.dtype}", f"{what} of type {dtype}")
        return tensor

    def integers(self, position: int, what: str) -> list[int]:
        """The values of a constant int32 input such as axes or paddings."""
        data = self.constant(position, "int32", what).data
        assert data is not None
        return [int(value) for value in data.ravel()]

    def option(self, name: str, least: int | None = None) -> int:
        """A numeric option of the operator, refused if the file leaves it out or it is below ``least``."""
        value = self.op.options.get(name)
        if value is None or (least is not None and value < least):
            expected = "a value" if least is None else f"at least {least}"
            raise self.refuse(f"option {name} is {'missing' if value is None else value}", expected)
        return int(value)

    def image(self, tensor: Tensor) -> tuple[int, int, int]:
        """Height, width and channels of an NHWC tensor with a batch of one."""
        if len(tensor.shape) != 4 or tensor.shape[0] != 1:
            raise self.refuse(f"{describe(tensor)} has shape {tensor.shape}", "(1, height, width, channels)")
        return tensor.shape[1], tensor.shape[2], tensor.shape[3]

    def axis(self, axis: int, rank: int) -> int:
        """An axis of ``rank`` dimensions, counted from the front; refused if there is no such one."""
        if not -rank <= axis < rank:
            raise self.refuse(f"axis {axis} of {rank} dimensions", "an axis that is there")
        return axis % rank

    def same_quantization(self, *tensors: Tensor) -> None:
        """Refuse tensors that do not share scale and zero point."""
        first = tensors[0]
        for tensor in tensors[1:]:
            if (tensor.scales, tensor.zero_points) != (first.scales, first.zero_points):
                raise self.refuse(
                    f"{describe(tensor)} has scale {tensor.scale:.9g} and zero point {tensor.zero_point}, "
                    f"{describe(first)} has {first.scale:.9g} and {first.zero_point}",
                    "the same of both",
                )

    def activation(self) -> dict[str, str]:
        """Fields activation_min and activation_max for the fused activation."""
        name = self.op.options.get("fused_activation_function", "NONE")
        if name not in ACTIVATIONS:
            raise self.refuse(f"fused activation {name}", f"one of {', '.join(ACTIVATIONS)}")
        low, high = activation_range(name, self.output)
        return {"activation_min": str(low), "activation_max": str(high)}

    def padding(self, axis: str, image: int, window: int, output: int) -> int:
        """Places before the first of an axis ("h" or "w") that the first window covers.

        Args:
            image, output: sizes along the axis.
            window: size of the filter, spread by its dilation.
        """
        given = self.op.options.get(f"padding_{axis}")
        if given is not None:  # of some rows of an image, see codegen.incremental
            return int(given)
        kind = self.op.options.get("padding", "missing")
        stride = self.option(f"stride_{axis}", 1)
        expected = {"SAME": -(-image // stride), "VALID": -(-(image - window + 1) // stride)}
        if kind not in expected or output != expected[kind]:
            raise self.refuse(
                f"{kind} padding, {image} places, windows of {window} every {stride}, {output} outputs",
                f"padding SAME or VALID and the number of outputs that follows ({expected.get(kind, '-')})",
            )
        return max(0, (output - 1) * stride + window - image) // 2

    def in_step(self, *tensors: Tensor) -> dict[int, Overlap]:
        """Overlaps of a kernel that goes through these inputs and the output in step."""
        return {tensor.index: Overlap() for tensor in tensors if tensor.data is None}

    @property
    def name(self) -> str:
        """What its params are called in C. Names of constants do not tell parts apart: they share them."""
        return f"op_{self.op.index}{self.part}"

    def ref(self, tensor: Tensor) -> str:
        """The C expression for where a tensor begins."""
        if tensor.data is None:
            return f"arena + TENSOR_{tensor.index}"
        name = f"tensor_{tensor.index}"
        self.operands[name] = array(name, tensor.data)
        return name

    def scratch(self, ctype: str) -> str:
        """The C expression for where the operator's scratch memory begins."""
        return f"({ctype} *)(arena + SCRATCH_{self.op.index}{self.part})"

    def code(
        self, kernel: str, fields: Mapping[str, object], *operands: Tensor, header: str = "", **more: Any
    ) -> Code:
        """A call to one kernel: ``kws_<kernel>(operands..., output, scratch where it has some, params)``.

        Args:
            fields: of its params struct, ``kws_<header>_params`` without ``_s8``.
            more: other attributes of the Code.
        """
        header = header or kernel
        name = self.name
        scratch = [self.scratch("int8_t")] if more.get("scratch_bytes") else []
        arguments = [*(self.ref(tensor) for tensor in operands), self.ref(self.output), *scratch, f"&{name}"]
        constants = (*more.pop("constants", ()), *self.operands.values())
        return Code(
            kernels=(kernel,),
            headers=(header,),
            constants=constants,
            params=((name, f"kws_{header.removesuffix('_s8')}_params", fields),),
            calls=(f"kws_{kernel}({', '.join(arguments)});",),
            **more,
        )

    def _quantized(self, index: int) -> Tensor:
        if index == MISSING:
            raise self.refuse("an input is missing", "all inputs")
        tensor = self.graph.tensors[index]
        if tensor.dtype != np.int8:
            raise self.refuse(f"{describe(tensor)} is {tensor.dtype}", "int8")
        if tensor.is_variable:
            raise self.refuse(f"{describe(tensor)} is a variable", "the state of SVDF or LSTM alone as such")
        self._check_scale(tensor)
        if 0 in tensor.shape:
            raise self.refuse(f"{describe(tensor)} has shape {tensor.shape}", "no dimension of 0")
        return tensor

    def _check_scale(self, tensor: Tensor) -> None:
        if len(tensor.scales) != 1:
            raise self.refuse(f"{describe(tensor)} has {len(tensor.scales)} scales", "one scale per tensor")
        if not (0 < tensor.scale < math.inf and INT8_MIN <= tensor.zero_point <= INT8_MAX):
            found = f"{describe(tensor)} has scale {tensor.scale} and zero point {tensor.zero_point}"
            raise self.refuse(found, "a positive scale and a zero point within int8")


def describe(tensor: Tensor) -> str:
    """A tensor for people: index and name."""
    return f"tensor {tensor.index} {tensor.name!r}"


def array(name: str, values: NDArray[Any]) -> Constant:
    """An array of one of the types of ``_CTYPES`` as a constant of C."""
    lines = rows(map(int, values.ravel()), _VALUES_PER_ROW)
    return Constant(_CTYPES[values.dtype.name], name, values.size, lines, values.itemsize)


def weighted_sum(
    form: Form,
    filters: NDArray[np.int8],
    bias: NDArray[np.int32] | None,
    channel_scales: Iterable[float],
    *,
    has_lanes: bool = False,
) -> tuple[dict[str, object], list[Constant], bool]:
    """What convolutions and dense layers share: folded bias, scales, and the arrays that hold them.

    Args:
        filters: (outputs, weights of one output).
        bias: (outputs,), or none.
        channel_scales: real factor from a sum to the output, one per output or one for all.
        has_lanes: whether inputs are copied to lanes, which may be more than their values.
    Returns:
        fields bias, multipliers, shifts and output_zero_point; the constants they name; and
        whether all scales are plain in the sense of kws_scaling.
    Raises:
        UserError: a scale that no kernel can shift by.
    """
    index, zero_point = form.op.index, form.input().zero_point
    wide = filters.astype(np.int64)
    folded = -zero_point * wide.sum(axis=1) + (0 if bias is None else bias.astype(np.int64))
    # What 32 bits do not hold wraps around here as in the original, in whatever order it is added.
    largest = int((np.abs(folded) + 128 * np.abs(wide).sum(axis=1)).max())
    wrapped = (folded & _UINT32_MAX).astype(np.uint32).view(np.int32)
    pairs = [quantize_multiplier(scale) for scale in channel_scales]
    pairs = [(multiplier, shift if multiplier else -1) for multiplier, shift in pairs]  # 0 is shifted freely
    if any(shift > 30 for _, shift in pairs):
        raise form.refuse("a scale over 2^30", "smaller ones")
    biases = array(f"op_{index}_bias", wrapped)
    if has_lanes:
        sums = wide.sum(axis=1).tolist()
        texts = [f"KWS_BIAS({start}, {total})" for start, total in zip(wrapped.tolist(), sums, strict=True)]
        biases = replace(biases, rows=rows(texts, _BIASES_PER_ROW))
    constants = [
        biases,
        array(f"op_{index}_multipliers", np.array([pair[0] for pair in pairs], np.int32)),
        array(f"op_{index}_shifts", np.array([pair[1] for pair in pairs], np.int8)),
    ]
    fields: dict[str, object] = {
        "output_zero_point": form.output.zero_point,
        "bias": constants[0].name,
        "multipliers": constants[1].name,
        "shifts": constants[2].name,
    }
    has_plain_scales = largest < _PLAIN_SUM_LIMIT and all(shift in PLAIN_SHIFTS for _, shift in pairs)
    return fields, constants, has_plain_scales


def weights_and_bias(form: Form, outputs: int, bias_at: int = 2) -> tuple[Tensor, NDArray[np.int32] | None]:
    """The filter (input 1) with zero points of 0, and the bias (input ``bias_at``) if there is one."""
    weights = form.constant(1, "int8", "the filter")
    if any(weights.zero_points) or not weights.scales:
        raise form.refuse(f"{describe(weights)} has zero points {weights.zero_points}", "zero points of 0")
    if not all(0 <= scale < math.inf for scale in weights.scales):
        raise form.refuse(f"{describe(weights)} has scales {weights.scales[:4]}", "positive ones")
    if len(form.op.inputs) <= bias_at or form.op.inputs[bias_at] == MISSING:
        return weights, None
    bias = form.constant(bias_at, "int32", "the bias").data
    if bias is None or bias.size != outputs:
        raise form.refuse(f"a bias of shape {bias.shape if bias is not None else ()}", f"{outputs} values")
    return weights, bias.ravel()


def four(dims: Iterable[int], fill: int) -> list[int]:
    """Dimensions or strides, with ``fill`` in front to make them four."""
    values = list(dims)
    return [fill] * (MAX_DIMS - len(values)) + values


def strides(shape: tuple[int, ...]) -> list[int]:
    """Elements from one index to the next of each dimension."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
