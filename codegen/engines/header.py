"""engine.h: the ends of a model in C, whichever engine runs it, and the functions that convert at them."""

import math
from collections.abc import Sequence

from codegen.cformat import comment, float_literal
from codegen.fixedpoint import quantize_multiplier
from codegen.ops._structs import one_line
from codegen.ops.softmax import CONDITIONS
from codegen.passes.ends import ModelEnd, WideSoftmax
from codegen.render import render
from train.core.manifest import whole_words
from train.tflite.graph import Tensor

HEADER = "engine.h"
_CONVERSIONS, _SOFTMAX = "ends", "softmax_s8"  # files of firmware/kernels
_CTYPES = {"float32": "float", "float64": "double", "bool": "uint8_t"} | {
    name: f"{name}_t" for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
}
_SHORT = {
    "float32": "f32",
    "int8": "s8",
    "uint8": "u8",
    "int16": "s16",
    "int32": "s32",
}  # of types in names of kernels
Context = dict[str, object]


def end_contexts(inputs: Sequence[ModelEnd], outputs: Sequence[ModelEnd]) -> dict[str, list[Context]]:
    """Ends as the templates want them. The name of the only input or output is left out of names in C."""
    return {
        kind: [_context(index, end, kind, len(ends) > 1) for index, end in enumerate(ends)]
        for kind, ends in (("inputs", inputs), ("outputs", outputs))
    }


def engine_header(
    banner: str, contexts: dict[str, list[Context]], arena_bytes: int | None, next_rows: int = 0
) -> str:
    """engine.h.

    Args:
        arena_bytes: of the compiled engine; None where there is none.
        next_rows: as of GeneratedEngine.
    """
    ends = contexts["inputs"] + contexts["outputs"]
    has_engine = arena_bytes is not None
    return render(
        HEADER,
        banner=banner,
        arena=[f"    KWS_ARENA_BYTES = {arena_bytes},"] if has_engine else [],
        model_bytes=None if arena_bytes is None else whole_words(arena_bytes),
        named=[end for end in ends if end["suffix"] and (has_engine or end["is_int8"])],
        converted=[end for end in ends if not end["is_int8"]],
        next_rows=next_rows,
        has_functions=any(end["suffix"] or not end["is_int8"] for end in ends),
        **contexts,
    )


def conversion_kernels(inputs: Sequence[ModelEnd], outputs: Sequence[ModelEnd]) -> set[str]:
    """Files of firmware/kernels that the functions at the ends call, without .c."""
    converting = [end for end in (*inputs, *outputs) if end.converts]
    rescaling = [end for end in converting if end.softmax is None or end.softmax.is_converted]
    return {_CONVERSIONS for _ in rescaling} | {_SOFTMAX for end in converting if end.softmax}


def conversion_conditions(outputs: Sequence[ModelEnd]) -> tuple[str, ...]:
    """What the functions at the ends take for granted of the kernels' headers."""
    return CONDITIONS if any(end.softmax for end in outputs) else ()


def c_comment(tensor: Tensor) -> str:
    """Shape and type of a tensor, for a comment."""
    shape = " x ".join(str(size) for size in tensor.shape) or "scalar"
    return comment(f"{shape} {tensor.dtype}")


def _context(index: int, end: ModelEnd, kind: str, is_named: bool) -> Context:
    suffix = f"_{end.name}" if is_named else ""
    scaled = end.core if len(end.core.scales) == 1 else None
    is_input = kind == "inputs"
    count = math.prod(end.file.shape)
    return {
        "index": index,
        "kind": kind[:-1],
        "title": kind[:-1].capitalize() + (f" {end.name}" if is_named else ""),
        "suffix": suffix,
        "macro": f"{kind[:-1].upper()}{suffix.upper()}",
        "count": count,
        "bytes": count * end.core.dtype.itemsize,
        "type": end.file.dtype.name,
        "ctype": _CTYPES.get(end.file.dtype.name, "uint8_t"),
        "is_int8": not end.converts,
        "core": end.core.index,
        "meaning": _meaning(end),
        "scale": float_literal(scaled.scale if scaled else 1.0),
        "zero_point": scaled.zero_point if scaled else 0,
        "pointer": "int8_t* " if is_input else "const int8_t* ",
        "model": "kws_model" if is_input else "const kws_model",
        "conversion": _conversion(end, is_input) if end.converts and end.file is not end.core else "",
    }


def _meaning(end: ModelEnd) -> str:
    """What a value at one end stands for; a comment in engine.h."""
    tensor = end.core
    given = f"{c_comment(end.file)} in the file, " if end.converts and end.file is not tensor else ""
    given += "before SOFTMAX " if end.softmax else ""
    if len(tensor.scales) != 1:
        return f"{given}{c_comment(tensor)}, not quantized"
    real = f"({tensor.dtype} - {tensor.zero_point}) * {tensor.scale:.9g}"
    return f"{given}{c_comment(tensor)}; real = {real}"


def _conversion(end: ModelEnd, is_input: bool) -> str:
    """What converts an array called ``values``, as TFLite-Micro does it.

    Source:
        tflite-micro, micro/kernels/quantize_common.cc, dequantize.cc and softmax.cc.
    """
    inside = f"arena + TENSOR_{end.core.index}"
    if is_input:
        return "\n    ".join(_converted(end.file, "values", end.core, inside, end.count))
    if end.softmax is None:
        return "\n    ".join(_converted(end.core, inside, end.file, "values", end.count))
    if not end.softmax.is_converted:
        return "\n    ".join(_softmax(end.softmax, inside, end.count, "values"))
    lines = [
        f"int16_t scores[{end.count}];",
        *_softmax(end.softmax, inside, end.count, "scores"),
        *_converted(end.softmax.scores, "scores", end.file, "values", end.count),
    ]
    return "\n    ".join(lines)


def _converted(source: Tensor, before: str, target: Tensor, behind: str, count: int) -> list[str]:
    """From one tensor's type and scale to another's; ``before`` and ``behind`` are expressions of C."""
    kinds = [_SHORT[tensor.dtype.name] for tensor in (source, target)]
    if "f32" in kinds:
        scaled = source if kinds[1] == "f32" else target
        name = {"f32 s8": "quantize_f32", "s8 f32": "dequantize_f32", "s16 f32": "dequantize_s16_f32"}
        call = f"kws_{name[' '.join(kinds)]}({before}, {behind}, {count}"
        return [f"{call}, {float_literal(scaled.scale)}, {scaled.zero_point});"]
    multiplier, shift = quantize_multiplier(source.scale / target.scale)
    fields = {
        "count": count,
        "input_zero_point": source.zero_point,
        "output_zero_point": target.zero_point,
        "multiplier": multiplier,
        "shift": shift,
    }
    return [
        f"static const kws_rescale rescale = {one_line('kws_rescale', fields)};",
        f"kws_rescale_{'_'.join(kinds)}({before}, {behind}, &rescale);",
    ]


def _softmax(softmax: WideSoftmax, before: str, count: int, behind: str) -> list[str]:
    scaling, in_row = softmax.scaling, softmax.row_count
    fields = {
        "rows": count // in_row,
        "count": in_row,
        "multiplier": scaling.multiplier,
        "shift": scaling.shift,
        "difference_min": scaling.difference_min,
    }
    return [
        f"static const kws_softmax_params softmax = {one_line('kws_softmax_params', fields)};",
        f"kws_softmax_s8_s16({before}, {behind}, &softmax);",
    ]
