"""Packed audio that is damaged or of somebody who lies: the samples that Python unpacks, or no."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fuzzing import cases
from fuzzing.campaign import EQUAL, run_cases
from packed_audio import build, damaged, unpacked

from hil.protocol.packing import unpack

BATCHES = cases(20, 300)
BATCH = 100  # a process for each would take most of the time
FOUND = ()  # seeds beyond the first that once showed a fault


@pytest.mark.fuzz
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler (cc)")
def test_damaged_packed(tmp_path: Path, tell: Callable[[str], None]) -> None:
    program = build(tmp_path)
    folder = tmp_path / "cases"
    folder.mkdir()

    def case(seed: int, place: Path) -> tuple[str, str]:
        damage = [damaged(BATCH * seed + step) for step in range(BATCH)]
        refused = 0
        for (count, packed), found in zip(damage, unpacked(program, damage), strict=True):
            try:
                expected = unpack(packed, count)
            except ValueError:
                assert found is None, (count, packed.hex())
                refused += 1
                continue
            assert found is not None, (count, packed.hex())
            np.testing.assert_array_equal(found, expected)
        assert 0 < refused < BATCH
        return EQUAL, f"{refused} of {BATCH} refused"

    run_cases("packed", case, BATCHES, folder, tell, FOUND).check()
