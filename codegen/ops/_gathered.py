"""First layers on cores with DSP: what five positions meet is gathered once, for all filters.

The others do as before, so both forms of a layer's constants stand in the C, and a core takes its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._convolution_geometry import LANE_BYTES, MOST_WIDENED, Geometry
from codegen.ops._form import Constant, Form, array

POSITIONS = 5  # of a tile, KWS_INTERLEAVED; the last of a row may overlap the one before it
_LEAST_FILTERS = 4  # that gathering is worth
_MOST_BYTES = 2048  # of flash, of what all filters need
_MOST_REPEATED = 1 / 7  # of the positions of a row, by tiles that overlap
_CONDITION = "KWS_INTERLEAVED"
_WIDE_MULTIPLE = 8
_VALUES_OF_CHANNEL = 4  # besides pairs: bias, multiplier, offset, shift to the right


@dataclass(frozen=True)
class Gathered:
    """How a layer goes through scratch memory where it is gathered."""

    part: Geometry
    beyond_lanes: int

    @property
    def _pairs(self) -> int:
        return -(-self.part.filter_weights // 2)

    @property
    def wide_lanes(self) -> int:
        """In front of the rows of the image: all that the positions of a tile meet, if it is not there."""
        if self.part.step == 2 and self.part.run % 4 == 0:
            return 0
        return -(-POSITIONS * self._pairs * 2 // _WIDE_MULTIPLE) * _WIDE_MULTIPLE

    def scratch_bytes(self, block_height: int) -> int:
        """With so many rows of outputs at a time."""
        image_lanes = self.part.y.rows_for(block_height) * self.part.row_lanes
        return (self.wide_lanes + image_lanes + self.beyond_lanes) * LANE_BYTES

    def block_height(self, room_bytes: int) -> int:
        """Rows of outputs at a time that have room; at least one."""
        heights = range(self.part.y.outputs, 1, -1)
        return next((height for height in heights if self.scratch_bytes(height) <= room_bytes), 1)

    def is_worth_it(self, scaling: str) -> bool:
        """Whether cores with DSP compute the layer faster like this; ``scaling`` as of kws_scaling."""
        part = self.part
        repeated = -part.x.outputs % POSITIONS
        constant_bytes = part.output_channels * (self._pairs + _VALUES_OF_CHANNEL) * 4
        return (
            not part.is_pointwise
            and part.runs == 1
            and part.depth == part.column_lanes == part.input_channels
            and scaling != "any"
            and part.filter_weights <= MOST_WIDENED
            and part.output_channels >= _LEAST_FILTERS
            and constant_bytes <= _MOST_BYTES
            and repeated <= _MOST_REPEATED * part.x.outputs
        )


def gathered_constant(
    form: Form,
    part: Geometry,
    filters: NDArray[np.int8],
    bias: NDArray[np.int32] | None,
    channel_scales: Sequence[float],
) -> Constant:
    """What kws_conv_params.gathered says of all channels, one after the other; scales are plain.

    Args:
        filters: (outputs, height, width, depth).
    """
    doubled = 2 * filters.reshape(len(filters), part.y.taps, part.run).astype(np.int64)
    zero = form.output.zero_point
    starts = -form.input().zero_point * (doubled // 2).sum(axis=(1, 2))
    if bias is not None:
        starts = starts + bias
    channels = []
    for weights, start, scale in zip(doubled, starts.tolist(), channel_scales, strict=True):
        multiplier, shift = quantize_multiplier(scale)
        right = -shift if multiplier else 1
        offset = (1 << (right - 1)) + zero * (1 << right)
        channels.append([2 * start, *_pairs(weights), multiplier, offset, right])
    constant = array(f"op_{form.op.index}_gathered", np.array(channels, np.int32))
    return replace(constant, is_alternative=True)


def _pairs(weights: NDArray[np.int64]) -> list[int]:
    """Pairs of one filter in the order of kws_tile_gather().

    Args:
        weights: (rows, weights of a row).
    """
    lanes: list[int] = []
    rest: list[int] = []
    for row in weights.tolist():
        whole = len(row) // 2 * 2
        lanes += row[:whole]
        rest += row[whole:]
        if len(rest) == 2:
            lanes += rest
            rest = []
    lanes += [*rest, 0] if rest else []
    halves = np.array(lanes, np.int16).astype(np.uint16).astype(np.uint32)
    pairs: list[int] = (halves[0::2] | halves[1::2] << 16).view(np.int32).tolist()
    return pairs


def either(gathered: object, other: object) -> object:
    """An expression of C: the first on cores that gather, the second on the others."""
    return other if gathered == other else f"{_CONDITION} ? {gathered} : {other}"
