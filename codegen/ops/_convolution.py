"""What both kinds of convolution share: geometry, tiles, weights, scratch memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codegen.cformat import rows as c_rows
from codegen.fixedpoint import INT8_MAX, INT8_MIN
from codegen.ops._convolution_geometry import (
    COLUMN_LANES,
    DEPTHWISE_ROWS,
    LANE_BYTES,
    LEAST_COLUMN_POSITIONS,
    LEAST_TILES_TO_WIDEN,
    MOST_COLUMN_VECTORS,
    MOST_POSITIONS,
    MOST_WIDENED,
    RUN_MULTIPLE,
    Geometry,
    geometry,
    segments,
    tile_positions,
)
from codegen.ops._form import PLAIN_SHIFTS, PLANES, Code, Constant, Form, Room, Tile, describe, weighted_sum
from codegen.ops._gathered import POSITIONS, Gathered, either, gathered_constant
from codegen.plan import Overlap
from train.tflite.graph import Tensor

_READ_BEYOND_LANES = 16  # the last load of a row may reach so far behind what it needs
_MOST_NARROW = 8  # channels, for which a 1x1 convolution keeps all weights in registers
_GROUPS_PER_ROW = 4  # of weights, in the C
# How sums become outputs (kws_scaling), for people.
_SCALINGS = {
    "rectified": "scaled by shifts, rectified where it saturates",
    "plain": "scaled by shifts",
    "any": "any scale or activation",
}


def scales(form: Form, weights: Tensor, channels: int, dimension: int, image_at: int = 0) -> list[float]:
    """Factor from a sum to the output of each channel, in float64 as the original computes it.

    Args:
        image_at: position of the input that is convolved.
    """
    found = weights.scales
    if len(found) not in (1, channels) or (len(found) > 1 and weights.quantized_dimension != dimension):
        raise form.refuse(
            f"{describe(weights)} has {len(found)} scales along dimension {weights.quantized_dimension}",
            f"one, or {channels} along dimension {dimension}",
        )
    per_channel = found * channels if len(found) == 1 else found
    return [form.input(image_at).scale * scale / form.output.scale for scale in per_channel]


def convolve(
    form: Form, filters: NDArray[np.int8], bias: NDArray[np.int32] | None, channel_scales: Sequence[float]
) -> Code:
    """CONV_2D: rows of the image go through scratch memory.

    Args:
        filters: (outputs, height, width, depth).
    """
    whole = geometry(form, filters.shape[1:3], filters.shape[3], form.image(form.input())[2])
    parts = {part: _block_height(part, form.room) for part in segments(whole, form.room.segment_bytes)}
    code, gathered_parts = _code(form, "conv_s8", parts, filters, bias, channel_scales)
    overlap = Overlap(max(_lead_bytes(parts), _lead_bytes(gathered_parts)))
    has_segments = whole.is_pointwise and sum(part.y.outputs for part in parts) > 1
    return replace(
        code,
        overlaps=dict.fromkeys(form.in_step(form.input()), overlap),
        wants=(*code.wants, "segment_bytes") if has_segments else code.wants,
    )


def convolve_depthwise(
    form: Form, filters: NDArray[np.int8], bias: NDArray[np.int32] | None, channel_scales: Sequence[float]
) -> Code:
    """DEPTHWISE_CONV_2D: one channel of the image at a time goes through scratch memory.

    Args:
        filters: (outputs, height, width, 1).
    """
    whole = geometry(form, filters.shape[1:3], 1, 1)
    code, _ = _code(form, "depthwise_conv_s8", {whole: whole.y.outputs}, filters, bias, channel_scales)
    if whole.input_channels != whole.output_channels:
        return code
    return replace(code, overlaps=dict.fromkeys(form.in_step(form.input()), Overlap(exactly=True)))


def _may_have_planes(part: Geometry) -> bool:
    """Whether cores with DSP may have PLANES channels of the image in scratch at a time."""
    return part.input_channels == part.output_channels and part.input_channels % PLANES == 0


def _block_height(part: Geometry, room: Room) -> int:
    """Rows of outputs at a time: what is done for each channel of a block counts for all of them."""
    row_bytes = part.row_lanes * LANE_BYTES
    spare_bytes = room.spare_bytes
    if part.is_pointwise:  # a row may take much of it already
        spare_bytes = max(0, spare_bytes - max(0, row_bytes - Room().segment_bytes))
    spare_rows = spare_bytes // row_bytes
    return min(part.y.outputs, 1 + spare_rows // part.y.stride)


def _lead_bytes(parts: Mapping[Geometry, int]) -> int:
    """How far behind the output the input must begin, so that no row is lost before it is read.

    When a block of outputs is written, the rows of the image up to its last window are in scratch.

    Args:
        parts: with the rows of outputs that each computes at a time.
    """
    lead = written = read = 0
    for part, block_height in parts.items():
        lead = max(lead, written - read)
        y = part.y
        for row in range(0, y.outputs, block_height):
            height = min(block_height, y.outputs - row)
            written += height * part.output_row_bytes
            loaded = max(0, (row + height - 1) * y.stride - y.padding + y.window)
            if loaded < y.copied:  # more is to be read
                lead = max(lead, written - read - loaded * part.image_row_bytes)
        read += y.image * part.image_row_bytes
    return lead


def _code(
    form: Form,
    kernel: str,
    parts: Mapping[Geometry, int],
    filters: NDArray[np.int8],
    bias: NDArray[np.int32] | None,
    channel_scales: Sequence[float],
) -> tuple[Code, dict[Geometry, int]]:
    """One call for each part.

    Args:
        parts: with the rows of outputs that each computes at a time.
    Returns:
        The code, and ``parts`` of cores that gather what a tile meets.
    """
    channels = len(filters)
    flat = filters.reshape(channels, -1)
    sums, constants, has_plain_scales = weighted_sum(form, flat, bias, channel_scales, has_lanes=True)
    activation = form.activation()
    scaling = "any"
    if has_plain_scales and activation == {"activation_min": str(INT8_MIN), "activation_max": str(INT8_MAX)}:
        scaling = "rectified" if form.output.zero_point == INT8_MIN else "plain"
    weights = _weights(f"op_{form.op.index}_weights", filters, next(iter(parts)))
    common = {
        "input_zero_point": form.input().zero_point,
        "filter_weights": weights.count // channels,
        "weights": weights.name,
        **activation,
        **sums,
    }
    is_depthwise = kernel == "depthwise_conv_s8"
    params, tiles, calls, words = [], [], [], []
    constants = [weights, *constants]
    gathered_parts = dict(parts)
    image_start = output_start = 0
    scratch_bytes = 0
    wants: set[str] = set()
    for number, (part, block_height) in enumerate(parts.items()):
        name = form.name + (f"_part_{number}" if len(parts) > 1 else "")
        scratch_rows = part.y.rows_for(block_height)
        positions = tile_positions(part.x.outputs, part.step % 2 == 1 and part.run > 1)
        wide_lanes = part.wide_lanes(block_height, positions)
        is_interleaved = (
            part.is_pointwise
            and wide_lanes > 0
            and scaling != "any"
            and part.run % RUN_MULTIPLE == 0
            and part.run > _MOST_NARROW
            and part.x.outputs >= POSITIONS
        )
        image_lanes = scratch_rows * part.row_lanes
        if is_interleaved:
            image_lanes = -(-scratch_rows * part.x.outputs // POSITIONS) * POSITIONS * part.run
        gathered = Gathered(part, _READ_BEYOND_LANES)
        may_gather = not is_depthwise and gathered.is_worth_it(scaling)
        may_have_planes = is_depthwise and _may_have_planes(part)
        if may_gather or may_have_planes:
            wants.add("has_dsp_form")
        is_gathered = may_gather and form.room.has_dsp_form
        planes = PLANES if may_have_planes and form.room.has_dsp_form else 1
        part_bytes = (wide_lanes + planes * image_lanes + _READ_BEYOND_LANES) * LANE_BYTES
        window_rows = 0
        column_rows = part.column_rows(is_depthwise, positions) if scaling != "any" else 0
        if column_rows:
            # On cores that look at them, lanes are one byte and no weights are widened.
            image_bytes = image_lanes + part.beyond_window_lanes(column_rows)
            window_bytes = part.row_lanes * column_rows
            window_rows = (part_bytes + form.room.window_bytes - image_bytes) // window_bytes
            window_rows = max(0, min(block_height, window_rows))
            part_bytes = max(part_bytes, image_bytes + window_rows * window_bytes)
            if window_rows < block_height:
                wants.add("window_bytes")
        scratch_bytes = max(scratch_bytes, part_bytes)
        shape = part.shape(
            positions,
            is_widened=wide_lanes > 0,
            is_interleaved=is_interleaved,
            column_rows=column_rows if window_rows else 0,
        )
        shape["is_gathered"] = int(is_gathered)
        if is_gathered:
            shape["row_lanes"] = part.y.dilation * part.row_lanes
        tile = _tile(shape, scaling)
        tiles.append(tile)
        words.append(_tiles_in_words(part, block_height, positions, window_rows))
        fields = {**part.fields(block_height, scratch_rows, positions), "tile": tile.name, **common}
        fields["is_interleaved"] = int(is_interleaved)
        fields["window_rows"] = window_rows
        fields["gathered"] = 0
        fields["planes"] = planes
        if is_gathered:
            height = gathered_parts[part] = gathered.block_height(scratch_bytes)
            scratch_bytes = max(scratch_bytes, gathered.scratch_bytes(height))
            constants.append(gathered_constant(form, part, filters, bias, channel_scales))
            fields["gathered"] = either(constants[-1].name, 0)
            for field in ("weights", "bias", "multipliers", "shifts"):
                fields[field] = either(0, fields[field])
            fields["block_height"] = either(height, block_height)
            fields["scratch_rows"] = either(part.y.rows_for(height), scratch_rows)
            fields["wide_lanes"] = either(gathered.wide_lanes, wide_lanes)
        params.append((name, "kws_conv_params", fields))
        calls.append(
            f"kws_{kernel}({form.ref(form.input())} + {image_start}, "
            f"{form.ref(form.output)} + {output_start}, {form.scratch('kws_lane')}, &{name});"
        )
        image_start += part.y.image * part.image_row_bytes
        output_start += part.y.outputs * part.output_row_bytes
    code = Code(
        kernels=("conv_s8", "tile"),
        headers=("conv_s8",),
        constants=(*constants, *form.operands.values()),
        params=tuple(params),
        tiles=tuple(tiles),
        calls=tuple(calls),
        conditions=(
            f"KWS_PADDED_RUN(1) == {RUN_MULTIPLE}",
            f"KWS_MAX_POSITIONS == {MOST_POSITIONS}",
            f"KWS_LEAST_PLAIN_SHIFT == {PLAIN_SHIFTS.start}",
            f"sizeof(kws_lane) <= {LANE_BYTES}",
            f"KWS_INTERLEAVED == 0 || KWS_INTERLEAVED == {POSITIONS}",
            f"KWS_COLUMN_LANES == 0 || KWS_COLUMN_LANES == {COLUMN_LANES}",
            f"KWS_DEPTHWISE_ROWS == {DEPTHWISE_ROWS}",
            f"KWS_GROUP == {LEAST_COLUMN_POSITIONS}",
            f"KWS_MOST_HELD == {MOST_COLUMN_VECTORS}",
        ),
        scratch_bytes=scratch_bytes,
        wants=tuple(sorted(wants)),
        kernel=f"{kernel} {filters.shape[1]}x{filters.shape[2]}, {'; '.join(words)}; {_SCALINGS[scaling]}",
    )
    return code, gathered_parts


def _tiles_in_words(part: Geometry, block_height: int, positions: int, window_rows: int) -> str:
    """Which tiles compute a part, and what decided on the form of its weights."""
    last = part.x.outputs % positions
    rows = f"rows of {part.x.outputs}" + (f", {block_height} at a time" if block_height > 1 else "")
    if part.wide_lanes(block_height, positions):
        form = "room for widened weights"
    elif part.filter_weights > MOST_WIDENED:
        form = f"weights as they are: more than {MOST_WIDENED}"
    else:
        form = f"weights as they are: fewer than {LEAST_TILES_TO_WIDEN} tiles"
    if window_rows:
        form += f"; room for columns of {window_rows}"
    return f"tiles of {positions}{f' and {last}' if last else ''} in {rows}; {form}"


def _tile(shape: dict[str, int], scaling: str) -> Tile:
    fields = {**shape, "scaling": f"KWS_SCALING_{scaling.upper()}"}
    return Tile("_".join(("tile", *map(str, shape.values()), scaling)), fields)


def _weights(name: str, filters: NDArray[np.int8], part: Geometry) -> Constant:
    """Weights in runs, each filled up with zeros, in the order that the core wants."""
    runs = filters.reshape(len(filters), part.y.taps, part.runs, part.run)
    groups = np.pad(runs, ((0, 0),) * 3 + ((0, -part.run % RUN_MULTIPLE),)).reshape(-1, RUN_MULTIPLE)
    texts_of_groups = [f"KWS_WEIGHTS({a}, {b}, {c}, {d})" for a, b, c, d in groups.tolist()]
    return Constant("int8_t", name, groups.size, c_rows(texts_of_groups, _GROUPS_PER_ROW), 1)
