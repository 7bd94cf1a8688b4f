"""Operators that only move values: blocks of one tensor, copied to a place in another."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from codegen.ops._form import MAX_DIMS, Code, Form, four, strides
from train.tflite.graph import Tensor

_MOST_CALLS = 64  # of one operator; each has its params in flash


@dataclass(frozen=True)
class Block:
    """Values that one call to the kernel moves.

    Attributes:
        dims: of the block, outermost first.
        source_strides, target_strides: elements from one index to the next of each dimension; those of
            the source may be negative, or 0 where values are repeated.
        source_start, target_start: element with which the block begins.
    """

    source: Tensor
    target: Tensor
    dims: Sequence[int]
    source_strides: Sequence[int]
    target_strides: Sequence[int]
    source_start: int = 0
    target_start: int = 0


def move(form: Form, blocks: Sequence[Block], fill: int | None = None) -> Code:
    """Calls that copy the blocks, or none where the output is the input.

    Args:
        fill: int8 that stands wherever no block comes to in the output; None if there is no such place.
    Raises:
        UserError: so many dimensions in another order that it would take too many calls.
    """
    calls = [call for block in blocks for call in _calls(form, block)]
    if fill is None and len(calls) == 1 and _is_whole(calls[0]):
        return Code(shares=calls[0].source.index)
    if len(calls) > _MOST_CALLS:
        raise form.refuse(f"values in {len(calls)} separate blocks", f"at most {_MOST_CALLS}")
    params, statements = [], []
    if fill is not None:
        statements.append(f"memset({form.ref(form.output)}, {fill}, {math.prod(form.output.shape)});")
    for position, call in enumerate(calls):
        if _is_one_run(call):
            source = _at(form.ref(call.source), call.source_start)
            target = _at(form.ref(call.target), call.target_start)
            statements.append(f"memcpy({target}, {source}, {math.prod(call.dims)});")
            continue
        name = form.name + (f"_{position}" if len(calls) > 1 else "")
        fields = {
            "dims": four(call.dims, 1),
            "input_start": call.source_start,
            "output_start": call.target_start,
            "input_strides": four(call.source_strides, 0),
            "output_strides": four(call.target_strides, 0),
        }
        params.append((name, "kws_copy_params", fields))
        statements.append(f"kws_copy_s8({form.ref(call.source)}, {form.ref(call.target)}, &{name});")
    kernels = ("copy_s8",) if params else ()
    return Code(
        kernels=kernels,
        headers=kernels,
        constants=tuple(form.operands.values()),
        params=tuple(params),
        calls=tuple(statements),
    )


def slab(source: Tensor, target: Tensor, axis: int, start: int, whole: Tensor) -> Block:
    """All of one tensor and its place along an axis of ``whole``, which is the other one.

    Args:
        start: index along the axis where the smaller tensor begins in ``whole``. The smaller one may lack
            the axis; then it takes one index of it.
    """
    inner, outer = math.prod(whole.shape[axis + 1 :]), math.prod(whole.shape[:axis])
    part = target if whole is source else source
    length = math.prod(part.shape) // outer
    dims, own, within = [outer, length], [length, 1], [whole.shape[axis] * inner, 1]
    if whole is source:
        return Block(source, target, dims, within, own, source_start=start * inner)
    return Block(source, target, dims, own, within, target_start=start * inner)


def permuted(source: Tensor, target: Tensor, shape: Sequence[int], order: Sequence[int]) -> Block:
    """The source, seen as ``shape``, with its dimensions in another order.

    Args:
        order: for each dimension of the target, which one of ``shape`` it is.
    """
    dims, steps = [shape[axis] for axis in order], strides(tuple(shape))
    return Block(source, target, dims, [steps[axis] for axis in order], strides(tuple(dims)))


def _calls(form: Form, block: Block) -> list[Block]:
    """The block in as few dimensions as it takes; several blocks if the kernel has not so many."""
    merged: list[
        tuple[int, int, int]
    ] = []  # size, stride in the source, stride in the target; innermost first
    for size, step, to in reversed(
        list(zip(block.dims, block.source_strides, block.target_strides, strict=True))
    ):
        if size == 1:
            continue
        if merged and (step, to) == (merged[-1][0] * merged[-1][1], merged[-1][0] * merged[-1][2]):
            merged[-1] = (merged[-1][0] * size, *merged[-1][1:])
        else:
            merged.append((size, step, to))
    by_size = sorted(range(len(merged)), key=lambda i: merged[i][0])
    apart = by_size[: max(0, len(merged) - MAX_DIMS)]  # the smallest are unrolled
    kept = [merged[i] for i in reversed(range(len(merged))) if i not in apart]
    if math.prod(merged[i][0] for i in apart) > _MOST_CALLS:
        raise form.refuse(f"{len(merged)} dimensions in another order", f"at most {MAX_DIMS} that are large")
    return [
        Block(
            block.source,
            block.target,
            [size for size, _, _ in kept],
            [step for _, step, _ in kept],
            [to for _, _, to in kept],
            block.source_start + sum(at * merged[i][1] for at, i in zip(place, apart, strict=True)),
            block.target_start + sum(at * merged[i][2] for at, i in zip(place, apart, strict=True)),
        )
        for place in itertools.product(*(range(merged[i][0]) for i in apart))
    ]


def _is_whole(block: Block) -> bool:
    """Whether the block is all of a computed tensor, in its order."""
    count = math.prod(block.dims)
    return (
        block.source.data is None
        and math.prod(block.source.shape) == math.prod(block.target.shape) == count
        and _is_one_run(block)
    )


def _is_one_run(block: Block) -> bool:
    """Whether neighbours stay neighbours, from the first value to the last; of a block of ``_calls``."""
    is_one = math.prod(block.dims) == 1
    return is_one or (list(block.source_strides), list(block.target_strides)) == ([1], [1])


def _at(reference: str, start: int) -> str:
    return f"{reference} + {start}" if start else reference
