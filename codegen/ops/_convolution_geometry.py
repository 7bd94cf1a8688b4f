"""Where a convolution reads and writes: sizes, rows and tiles."""

from dataclasses import dataclass, replace

from codegen.ops._form import Form

RUN_MULTIPLE = 4  # weights, to which a run is filled up
MOST_POSITIONS = 6  # that leave registers for the rest on every core
LANE_BYTES = 2  # int16; cores with int8 lanes use half of it
MOST_WIDENED = 128  # weights of a filter
LEAST_TILES_TO_WIDEN = 4
COLUMN_LANES = 16  # that cores with KWS_COLUMN_LANES move at a time
_MOST_COLUMN_ROWS = 16  # of a filter whose windows lie column by column: places of lanes are 8 bits
MOST_COLUMN_VECTORS = 5  # of weights, which stay in registers
LEAST_COLUMN_POSITIONS = 4  # that become int8 together
DEPTHWISE_ROWS = 4  # in a column, of which a filter may have fewer
_MOST_UNROLLED = 25  # weights of a filter whose rows are no loop, KWS_SMALL_FILTER
_LOAD_REACH_BYTES = 1020  # of LDRD
_ROW_MULTIPLE = 4
_WIDE_MULTIPLE = 8


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
    def known_row_lanes(self) -> int:
        """Lanes from one row of taps to the next, where a core with DSP is to know them; or 0.

        Rows that are no loop are then read from one address.
        """
        lanes = self.y.dilation * self.row_lanes
        reach = (self.y.taps - 1) * lanes + (MOST_POSITIONS - 1) * self.step + self.run + 3
        is_far = self.filter_weights <= _MOST_UNROLLED and reach * LANE_BYTES > _LOAD_REACH_BYTES
        return 0 if self.y.taps == 1 or is_far else lanes

    @property
    def step(self) -> int:
        """Lanes from one output to the next."""
        return self.x.stride * self.column_lanes

    def shape(
        self, positions: int, *, is_widened: bool, is_interleaved: bool, column_rows: int
    ) -> dict[str, int]:
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
            "row_lanes": self.known_row_lanes,
            "is_widened": int(is_widened),
            "is_interleaved": int(is_interleaved),
            "column_rows": column_rows,
            "depth": self.depth,
        }

    @property
    def is_pointwise(self) -> bool:
        """Whether each output meets all values of one place, and its neighbours those of the next."""
        axes = (self.y, self.x)
        return self.depth == self.input_channels == self.column_lanes and all(
            (axis.taps, axis.stride, axis.outputs) == (1, 1, axis.image) for axis in axes
        )

    def column_rows(self, is_depthwise: bool, positions: int) -> int:
        """Lanes of a channel in a column, where what a row of outputs meets lies column by column.

        0 where a filter does not take fewer vectors so, or too few outputs would share what that costs.
        """
        rows = DEPTHWISE_ROWS if is_depthwise else self.y.taps
        vectors = -(-rows * self.run // COLUMN_LANES)
        fits = (
            self.is_contiguous
            and self.y.taps <= (rows if is_depthwise else _MOST_COLUMN_ROWS)
            and vectors <= MOST_COLUMN_VECTORS
            and vectors < self.y.taps * -(-self.run // COLUMN_LANES)
            and positions >= LEAST_COLUMN_POSITIONS
        )
        if is_depthwise:
            # Lanes without a tap meet one of the zeros that fill up a run. Rows without one are loaded, too,
            # from windows, as far as there are any.
            is_loadable = (rows - self.y.taps) * self.y.dilation < rows
            is_worth_it = (
                is_loadable and self.run % RUN_MULTIPLE > 0 and self.x.outputs > LEAST_COLUMN_POSITIONS
            )
        else:
            is_worth_it = (
                self.depth == self.input_channels == self.column_lanes
                and COLUMN_LANES % self.depth == 0
                and self.output_channels > 1
            )
        return rows if fits and is_worth_it else 0

    def beyond_window_lanes(self, column_rows: int) -> int:
        """Lanes behind a window that are touched: rows are moved, and windows read, in whole vectors."""
        return max(-self.row_lanes % COLUMN_LANES * column_rows, COLUMN_LANES)

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
        if self.filter_weights > MOST_WIDENED or tiles < LEAST_TILES_TO_WIDEN:
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
    widths = range(1, min(outputs, MOST_POSITIONS) + 1)
    if is_even and outputs > MOST_POSITIONS:
        widths = range(2, MOST_POSITIONS + 1, 2)
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


def segments(whole: Geometry, segment_bytes: int) -> list[Geometry]:
    """A 1x1 convolution as one of a few positions in each row: little scratch, and full tiles.

    Others stay as they are.
    """
    if not whole.is_pointwise:
        return [whole]
    place_bytes = whole.column_lanes * LANE_BYTES
    places = whole.y.image * whole.x.image
    count, width = _equal_rows(places, max(segment_bytes // place_bytes, MOST_POSITIONS))
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
    whole_tiles = most // MOST_POSITIONS * MOST_POSITIONS
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
