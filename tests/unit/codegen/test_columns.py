"""Columns of an image in scratch (ADR 41): what a core with Helium touches there lies in scratch."""

from typing import Any

import pytest
from kernel_models import one_layer

from codegen.ops import generate
from codegen.ops._convolution_geometry import COLUMN_LANES, DEPTHWISE_ROWS
from codegen.ops._form import Code, Room
from train.tflite.graph import only_graph, read_graphs

CONV, DEPTHWISE = "CONV_2D", "DEPTHWISE_CONV_2D"


def code_of(tflite: bytes, room: Room) -> Code:
    graph = only_graph(read_graphs(tflite, "model"), "model")
    return generate(graph, graph.ops[0], "model", room=room)


def vectors(lanes: int) -> int:
    """Lanes that go by in whole vectors."""
    return -(-lanes // COLUMN_LANES) * COLUMN_LANES


def touched_bytes(fields: Any, shape: Any, is_depthwise: bool) -> int:
    """One past the last byte of scratch that kws_conv_s8() or kws_depthwise_conv_s8() reads or writes."""
    row, rows = fields["scratch_row_lanes"], shape["column_rows"]
    image, windows = fields["scratch_rows"] * row, fields["window_rows"]
    last_window = image + (windows - 1) * row * rows
    written = last_window + vectors(row) * rows
    outputs = fields["tiles"] * shape["positions"] + shape["last"]
    read = last_window + (outputs - 1) * shape["step"] * rows + vectors(shape["run"] * rows)
    # The rows of the last window, from the image; a depthwise column has rows that the filter has not.
    last_row = (fields["output_height"] if is_depthwise else fields["block_height"]) - 1
    tap_rows = (rows if is_depthwise else fields["filter_rows"]) - 1
    loaded = (last_row * fields["stride_height"] + tap_rows * fields["dilation_height"]) * row + vectors(row)
    return max(written, read, loaded)


@pytest.mark.parametrize("room", [Room(), Room(1024), Room(window_bytes=700), Room(4096, window_bytes=4096)])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (1, 3)])
@pytest.mark.parametrize("dilation", [1, 2, 3, 4, 9])
def test_what_is_touched_lies_in_scratch(
    room: Room, padding: str, stride: tuple[int, int], dilation: int
) -> None:
    if dilation > 1 and max(stride) > 1:
        stride = (1, 1)  # TFLite has not both
    found = 0
    for kind, taps, image in [
        (CONV, (10, 8), (95, 43, 1)),
        (CONV, (5, 5), (49, 41, 1)),
        (CONV, (16, 3), (150, 19, 1)),
        (CONV, (4, 2), (40, 15, 4)),
        (DEPTHWISE, (3, 3), (49, 20, 2)),
        (DEPTHWISE, (3, 5), (30, 9, 2)),
        (DEPTHWISE, (4, 3), (40, 37, 2)),
        (DEPTHWISE, (2, 3), (12, 37, 2)),
    ]:
        more = {"stride": stride, "padding": padding, "dilation": (dilation, 1)}
        code = code_of(one_layer(kind, image, taps, 2, **more), room)
        (_, _, fields), shape = code.params[0], code.tiles[0].shape
        assert (fields["window_rows"] > 0) == (shape["column_rows"] > 0)
        if fields["window_rows"]:
            assert shape["column_rows"] == (DEPTHWISE_ROWS if kind == DEPTHWISE else taps[0])
            assert touched_bytes(fields, shape, kind == DEPTHWISE) <= code.scratch_bytes
            found += 1
    assert found >= 3


def test_more_room_makes_more_windows_until_all_rows_have_one() -> None:
    tflite = one_layer(CONV, (49, 41, 1), (5, 5), 4)
    codes = [code_of(tflite, Room(4096, window_bytes=count)) for count in (0, 1000, 100_000)]
    rows = [code.params[0][2]["window_rows"] for code in codes]
    assert rows[0] < rows[1] < rows[2] == codes[2].params[0][2]["block_height"]
    assert ["window_bytes" in code.wants for code in codes] == [True, True, False]
