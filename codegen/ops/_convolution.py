"""What both kinds of convolution share: geometry, tiles, weights, scratch memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codegen.cformat import rows as c_rows
from codegen.fixedpoint import INT8_MAX, INT8_MIN
from codegen.ops._form import PLAIN_SHIFTS, Code, Constant, Form, Room, Tile, describe, weighted_sum
from codegen.plan import Overlap
from train.tflite.graph import Tensor

_RUN_MULTIPLE = 4  # weights, to which a run is filled up
_MOST_POSITIONS = 6  # that leave registers for the rest on every core
_ROW_MULTIPLE = 4
_LANE_BYTES = 2  # int16; cores with int8 lanes use half of it
_READ_BEYOND_LANES = 16  # the last load of a row may reach so far behind what it needs
_MOST_WIDENED = 128  # weights of a filter
_LEAST_TILES_TO_WIDEN = 4
_WIDE_MULTIPLE = 8
_INTERLEAVED = 5  # places of a tile, of which the last may overlap the one before it
_MOST_NARROW = 8  # channels, for which a 1x1 convolution keeps all weights in registers
_GROUPS_PER_ROW = 4  # of weights, in the C
# How sums become outputs (kws_scaling), for people.
_SCALINGS = {
    "rectified": "scaled by shifts, rectified where it saturates",
    "plain": "scaled by shifts",
    "any": "any scale or activation",
}


@dataclass(frozen=True)
class Axis:
    """One direction of a convolution, in places of the image."""

    image: int
    taps: int
    outputs: int
    stride: int
    dilation: int
    padding: int

    @property
    def window(self) -> int:
        """Places that a filter spans."""
        return (self.taps - 1) * self.dilation + 1

    @property
    def needed(self) -> int:
        """Places that all outputs together span, padding included."""
        return self.rows_for(self.outputs)

    def rows_for(self, outputs: int) -> int:
        """Places that so many neighbouring outputs span."""
        return (outputs - 1) * self.stride + self.window

    @property
    def copied(self) -> int:
        """Places of the image among them."""
        return min(self.image, self.needed - self.padding)


@dataclass(frozen=True)
class Geometry:
    """Where a convolution reads and writes.

    Attributes:
        column_lanes: input values side by side in scratch for one column.
        depth: input channels that a filter sees.
    """

    y: Axis
    x: Axis
    input_channels: int
    output_channels: int
    column_lanes: int
    depth: int

    @property
    def is_contiguous(self) -> bool:
        """Whether all taps of a filter's row meet neighbouring lanes."""
        return self.x.taps == 1 or (self.x.dilation == 1 and self.depth == self.column_lanes)

    @property
    def run(self) -> int:
        """Weights of a filter's row that meet neighbouring lanes."""
        return self.depth * (self.x.taps if self.is_contiguous else 1)

    @property
    def filter_weights(self) -> int:
        """Weights of one output channel, without what fills up runs."""
        return self.y.taps * self.runs * self.run

    @property
    def runs(self) -> int:
        """Runs in a filter's row."""
        return 1 if self.is_contiguous else self.x.taps

    @property
    def row_lanes(self) -> int:
        """Lanes of one row in scratch: whole words of int8."""
        return -(-self.x.needed * self.column_lanes // _ROW_MULTIPLE) * _ROW_MULTIPLE

    @property
    def step(self) -> int:
        """Lanes from one output to the next."""
        return self.x.stride * self.column_lanes

    def shape(self, positions: int, *, is_widened: bool, is_interleaved: bool) -> dict[str, int]:
        """Fields of kws_tile_shape that follow from sizes."""
        return {
            "positions": positions,
            "last": self.x.outputs % positions,
            "step": self.step,
            "tile_step": positions * self.step if self.x.outputs > positions else 0,
            "rows": self.y.taps,
            "runs": self.runs,
            "run": self.run,
            "spacing": 0 if self.is_contiguous else self.x.dilation * self.column_lanes,
            "group": self.depth if self.depth < self.column_lanes else 0,
            "is_widened": int(is_widened),
            "is_interleaved": int(is_interleaved),
        }

    @property
    def is_pointwise(self) -> bool:
        """Whether each output meets all values of one place, and its neighbours those of the next."""
        axes = (self.y, self.x)
        return self.depth == self.input_channels == self.column_lanes and all(
            (axis.taps, axis.stride, axis.outputs) == (1, 1, axis.image) for axis in axes
        )

    @property
    def image_row_bytes(self) -> int:
        """One row of the input."""
        return self.x.image * self.input_channels

    @property
    def output_row_bytes(self) -> int:
        """One row of the output."""
        return self.x.outputs * self.output_channels

    def wide_lanes(self, block_height: int, positions: int) -> int:
        """Lanes for the weights of a channel, which a core may want in pairs, and again for odd lanes.

        0 where they are too many, or for too few tiles to be worth it.
        """
        tiles = block_height * -(-self.x.outputs // positions)
        if self.filter_weights > _MOST_WIDENED or tiles < _LEAST_TILES_TO_WIDEN:
            return 0
        lanes = self.y.taps * self.runs * -(-self.run // 2) * 2 * (1 if self.step % 2 == 0 else 2)
        return -(-lanes // _WIDE_MULTIPLE) * _WIDE_MULTIPLE

    def fields(self, block_height: int, scratch_rows: int, positions: int) -> dict[str, int]:
        """Fields of kws_conv_params that follow from sizes."""
        return {
            "input_height": self.y.image,
            "input_width": self.x.image,
            "input_channels": self.input_channels,
            "output_height": self.y.outputs,
            "output_width": self.x.outputs,
            "output_channels": self.output_channels,
            "stride_height": self.y.stride,
            "dilation_height": self.y.dilation,
            "padding_top": self.y.padding,
            "padding_left": self.x.padding,
            "outputs_per_group": self.output_channels * self.depth // self.input_channels,
            "filter_rows": self.y.taps,
            "filter_taps": self.filter_weights,
            "filter_channels": self.depth,
            "block_height": block_height,
            "scratch_rows": scratch_rows,
            "scratch_row_lanes": self.row_lanes,
            "scratch_columns": self.x.copied,
            "wide_lanes": self.wide_lanes(block_height, positions),
            "tiles": self.x.outputs // positions,
        }


def tile_positions(outputs: int, is_even: bool) -> int:
    """Positions of a tile such that the fewest cover a row, and the last one is as wide as can be.

    Args:
        is_even: whether tiles of an even number are faster, if there are several.
    """
    widths = range(1, min(outputs, _MOST_POSITIONS) + 1)
    if is_even and outputs > _MOST_POSITIONS:
        widths = range(2, _MOST_POSITIONS + 1, 2)
    return min(widths, key=lambda width: (-(-outputs // width), outputs % width > 0, -width))


def geometry(form: Form, taps: tuple[int, int], depth: int, column_lanes: int) -> Geometry:
    """The geometry of an operator, from its options and shapes.

    Args:
        taps: height and width of its filters.
    """
    image, output = form.image(form.input()), form.image(form.output)
    axes = []
    for number, name in enumerate("hw"):
        dilation = form.option(f"dilation_{name}_factor", 1)
        window = (taps[number] - 1) * dilation + 1
        axes.append(
            Axis(
                image=image[number],
                taps=taps[number],
                outputs=output[number],
                stride=form.option(f"stride_{name}", 1),
                dilation=dilation,
                padding=form.padding(name, image[number], window, output[number]),
            )
        )
    if axes[1].image == axes[1].taps == axes[1].outputs == 1:
        axes.reverse()  # a column lies in memory as a row does, and tiles go along rows
    return Geometry(axes[0], axes[1], image[2], output[2], column_lanes, depth)


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
    form: Form, filters: NDArray[np.int8], bias: NDArray[np.int32] | None, channel_scales: Iterable[float]
) -> Code:
    """CONV_2D: rows of the image go through scratch memory.

    Args:
        filters: (outputs, height, width, depth).
    """
    whole = geometry(form, filters.shape[1:3], filters.shape[3], form.image(form.input())[2])
    parts = {part: _block_height(part, form.room) for part in _segments(whole, form.room.segment_bytes)}
    code = _code(form, "conv_s8", parts, filters, bias, channel_scales)
    overlap = Overlap(_lead_bytes(parts))
    return replace(
        code,
        overlaps=dict.fromkeys(form.in_step(form.input()), overlap),
        has_segments=whole.is_pointwise and sum(part.y.outputs for part in parts) > 1,
    )


def convolve_depthwise(
    form: Form, filters: NDArray[np.int8], bias: NDArray[np.int32] | None, channel_scales: Iterable[float]
) -> Code:
    """DEPTHWISE_CONV_2D: one channel of the image at a time goes through scratch memory.

    Args:
        filters: (outputs, height, width, 1).
    """
    whole = geometry(form, filters.shape[1:3], 1, 1)
    code = _code(form, "depthwise_conv_s8", {whole: whole.y.outputs}, filters, bias, channel_scales)
    if whole.input_channels != whole.output_channels:
        return code
    return replace(code, overlaps=dict.fromkeys(form.in_step(form.input()), Overlap(exactly=True)))


def _segments(whole: Geometry, segment_bytes: int) -> list[Geometry]:
    """A 1x1 convolution as one of a few positions in each row: little scratch, and full tiles.

    Others stay as they are.
    """
    if not whole.is_pointwise:
        return [whole]
    place_bytes = whole.column_lanes * _LANE_BYTES
    places = whole.y.image * whole.x.image
    count, width = _equal_rows(places, max(segment_bytes // place_bytes, _MOST_POSITIONS))
    rest = places - count * width
    return [
        replace(
            whole,
            y=replace(whole.y, image=rows, outputs=rows),
            x=replace(whole.x, image=width, outputs=width),
        )
        for rows, width in ((count, width), (1, rest))
        if rows and width
    ]


def _equal_rows(places: int, most: int) -> tuple[int, int]:
    """How many rows of which width, at most ``most``; the rest is a row that is shorter."""
    if places <= most:
        return 1, places
    whole_tiles = most // _MOST_POSITIONS * _MOST_POSITIONS
    least = -(-places // whole_tiles)
    # Equal rows need one function, and what more of them cost should be little.
    for count in range(least, least + least // 4 + 1):
        if places % count == 0:
            return count, places // count
    # A last row of a few places would cost as much as a long one does for each channel.
    fewer = -(-places // most)
    if fewer < least:
        return fewer - 1, -(-places // fewer)
    return places // whole_tiles, whole_tiles


def _block_height(part: Geometry, room: Room) -> int:
    """Rows of outputs at a time: what is done for each channel of a block counts for all of them."""
    row_bytes = part.row_lanes * _LANE_BYTES
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
    channel_scales: Iterable[float],
) -> Code:
    """One call for each part.

    Args:
        parts: with the rows of outputs that each computes at a time.
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
    params, tiles, calls, words = [], [], [], []
    image_start = output_start = 0
    scratch_bytes = 0
    for number, (part, block_height) in enumerate(parts.items()):
        name = form.name + (f"_part_{number}" if len(parts) > 1 else "")
        scratch_rows = part.y.rows_for(block_height)
        positions = tile_positions(part.x.outputs, part.step % 2 == 1 and part.run > 1)
        wide_lanes = part.wide_lanes(block_height, positions)
        is_interleaved = (
            part.is_pointwise
            and wide_lanes > 0
            and scaling != "any"
            and part.run % _RUN_MULTIPLE == 0
            and part.run > _MOST_NARROW
            and part.x.outputs >= _INTERLEAVED
        )
        shape = part.shape(positions, is_widened=wide_lanes > 0, is_interleaved=is_interleaved)
        tile = _tile(shape, scaling)
        tiles.append(tile)
        words.append(_tiles_in_words(part, block_height, positions))
        fields = {**part.fields(block_height, scratch_rows, positions), "tile": tile.name, **common}
        fields["is_interleaved"] = int(is_interleaved)
        image_lanes = scratch_rows * part.row_lanes
        if is_interleaved:
            image_lanes = -(-scratch_rows * part.x.outputs // _INTERLEAVED) * _INTERLEAVED * part.run
        lanes = wide_lanes + image_lanes + _READ_BEYOND_LANES
        scratch_bytes = max(scratch_bytes, lanes * _LANE_BYTES)
        params.append((name, "kws_conv_params", fields))
        calls.append(
            f"kws_{kernel}({form.ref(form.input())} + {image_start}, "
            f"{form.ref(form.output)} + {output_start}, {form.scratch('kws_lane')}, &{name});"
        )
        image_start += part.y.image * part.image_row_bytes
        output_start += part.y.outputs * part.output_row_bytes
    return Code(
        kernels=("conv_s8", "tile"),
        headers=("conv_s8",),
        constants=(weights, *constants, *form.operands.values()),
        params=tuple(params),
        tiles=tuple(tiles),
        calls=tuple(calls),
        conditions=(
            f"KWS_PADDED_RUN(1) == {_RUN_MULTIPLE}",
            f"KWS_MAX_POSITIONS == {_MOST_POSITIONS}",
            f"KWS_LEAST_PLAIN_SHIFT == {PLAIN_SHIFTS.start}",
            f"sizeof(kws_lane) <= {_LANE_BYTES}",
            f"KWS_INTERLEAVED == 0 || KWS_INTERLEAVED == {_INTERLEAVED}",
        ),
        scratch_bytes=scratch_bytes,
        kernel=f"{kernel} {filters.shape[1]}x{filters.shape[2]}, {'; '.join(words)}; {_SCALINGS[scaling]}",
    )


def _tiles_in_words(part: Geometry, block_height: int, positions: int) -> str:
    """Which tiles compute a part, and what decided on the form of its weights."""
    last = part.x.outputs % positions
    rows = f"rows of {part.x.outputs}" + (f", {block_height} at a time" if block_height > 1 else "")
    if part.wide_lanes(block_height, positions):
        form = "room for widened weights"
    elif part.filter_weights > _MOST_WIDENED:
        form = f"weights as they are: more than {_MOST_WIDENED}"
    else:
        form = f"weights as they are: fewer than {_LEAST_TILES_TO_WIDEN} tiles"
    return f"tiles of {positions}{f' and {last}' if last else ''} in {rows}; {form}"


def _tile(shape: dict[str, int], scaling: str) -> Tile:
    fields = {**shape, "scaling": f"KWS_SCALING_{scaling.upper()}"}
    return Tile("_".join(("tile", *map(str, shape.values()), scaling)), fields)


def _weights(name: str, filters: NDArray[np.int8], part: Geometry) -> Constant:
    """Weights in runs, each filled up with zeros, in the order that the core wants."""
    runs = filters.reshape(len(filters), part.y.taps, part.runs, part.run)
    groups = np.pad(runs, ((0, 0),) * 3 + ((0, -part.run % _RUN_MULTIPLE),)).reshape(-1, _RUN_MULTIPLE)
    texts_of_groups = [f"KWS_WEIGHTS({a}, {b}, {c}, {d})" for a, b, c, d in groups.tolist()]
    return Constant("int8_t", name, groups.size, c_rows(texts_of_groups, _GROUPS_PER_ROW), 1)
