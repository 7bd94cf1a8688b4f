"""Counting, and refusing what is counted wrong."""

import numpy as np
import pytest

from hil.bench.program import check_scores, counter, function_bytes, linked_bytes, noise_inputs
from train.core.errors import UserError
from train.tflite.tflm import TflmEnd


def test_a_tick_of_no_fixed_length_is_refused() -> None:
    steady = {"loop": [[400_003]], "check": [[40_003]], "empty": [[3]]}
    assert counter(steady)(1003) == 5000
    with pytest.raises(UserError, match=r"counts as 20010\d where"):
        counter(steady | {"check": [[40_024]]})
    with pytest.raises(UserError, match="counts as 0 where"):  # the host's clock stands still
        counter({"loop": [[0]], "check": [[0]], "empty": [[0]]})


def test_a_tick_need_not_be_a_whole_number_of_instructions() -> None:
    """As on the mps2-an505, whose 20 MHz are ticks of 6.25: each reading may be off by one."""
    said = {"loop": [[320_004]], "check": [[32_006]], "empty": [[4]]}
    assert counter(said)(1004) == 6250
    with pytest.raises(UserError, match=r"counts as 20001\d where"):
        counter(said | {"check": [[32_007]]})


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_a_wrong_score_is_refused(dtype: type[np.integer]) -> None:
    class Oracle:
        inputs = (TflmEnd("x", (1, 2, 3), np.dtype(dtype), 0.1, 0),)
        outputs = (TflmEnd("y", (1, 2), np.dtype(dtype), 0.1, 0),)

        def run(self, inputs: np.ndarray) -> np.ndarray:
            return inputs[:, 0, :2]

    def said(scores: np.ndarray) -> dict[str, list[list[int]]]:
        return {"scores": (scores.astype(int) - np.iinfo(dtype).min).tolist()}

    scores = Oracle().run(noise_inputs(4, (2, 3), dtype)).copy()
    assert scores.dtype == dtype
    assert len(np.unique(scores)) > 4
    check_scores(said(scores), Oracle(), "model")
    scores[1, 0] += 1
    with pytest.raises(UserError, match=r"model: scores of inference 1 are .* expected .* TFLite-Micro"):
        check_scores(said(scores), Oracle(), "model")


LINKED = """
 .text.kws_conv_s8
                0x0000000000001234      0x1d4 libkws_engine.a(conv_s8.c.obj)
 .text.fill     0x0000000000001408       0x1c libkws_engine.a(conv_s8.c.obj)
 .rodata.powers 0x0000000000001424       0x1c libkws_engine.a(conv_s8.c.obj)
 .text.tile_6_plain
                0x0000000000001500      0x100 CMakeFiles/bench_ops.dir/c/engine.c.obj
 .text.tile_6_plain_more
                0x0000000000001600      0x200 CMakeFiles/bench_ops.dir/c/engine.c.obj
"""


def test_bytes_of_a_map() -> None:
    assert linked_bytes(LINKED, "text", ["conv_s8.c"]) == 0x1D4 + 0x1C
    assert linked_bytes(LINKED, "text", []) == 0
    assert function_bytes(LINKED, ["tile_6_plain"]) == 0x100
    assert function_bytes(LINKED, []) == 0
