"""The best network under 20 kB, as training would have it quantized, on every kind of core: every bit."""

import shutil
from collections.abc import Callable

import pytest
from emulator.emulated_engine import EmulatedEngine
from kernel_models import Oracle, assert_equal, inputs_for
from sweeping import sweep

pytestmark = [pytest.mark.emulator, pytest.mark.slow]


@pytest.mark.parametrize("preprocess", sweep(["log", "log_mel"], "log_mel"))
@pytest.mark.parametrize("board_id", sweep(["mps2-an385", "mps2-an386", "mps3-an547"], "mps3-an547"))
def test_spectro_temporal(
    normalized_network: Callable[[str, str], bytes], board_id: str, preprocess: str
) -> None:
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on the PATH")
    tflite = normalized_network("spectro_temporal", preprocess)
    oracle = Oracle(tflite, "spectro_temporal")
    inputs = inputs_for(oracle, 4)
    with EmulatedEngine(tflite, "spectro_temporal", board_id) as engine:
        assert_equal(engine.run(inputs), oracle.run(inputs), f"{preprocess} on {board_id}")
