"""Packed audio: what the host packs the firmware unpacks, to the bit: firmware/line/packed.c."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from packed_audio import build, sound, unpacked

from hil.protocol.packing import BLOCK_SAMPLES, pack, unpack

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler (cc)")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("packed"))


def test_what_is_packed_comes_back(program: Path) -> None:
    sounds = [sound(seed) for seed in range(700)]
    packed = [pack(samples) for samples in sounds]
    for samples, found in zip(
        sounds, unpacked(program, [*zip(map(len, sounds), packed, strict=True)]), strict=True
    ):
        np.testing.assert_array_equal(found, samples)
    for samples, some in zip(sounds[:70], packed[:70], strict=True):
        np.testing.assert_array_equal(unpack(some, len(samples)), samples)


def test_it_is_never_much_longer_than_the_samples() -> None:
    for seed in range(200):
        samples = sound(seed)
        blocks = -(-len(samples) // BLOCK_SAMPLES)
        assert len(pack(samples)) <= 2 * len(samples) + blocks


def test_a_tone_takes_half() -> None:
    samples = (3000 * np.sin(np.arange(500) * 2 * np.pi * 440 / 16000)).astype(np.int16)
    assert len(pack(samples)) < len(samples)


@pytest.mark.parametrize(
    ("packed", "count", "samples"),
    [
        ("0040", 1, [-2]),  # three zeros and a one
        ("0000", 1, None),  # ten zeros, and no one behind them
        ("0200", 1, None),  # a byte too many
        ("02", 1, [0]),  # order 0, parameter 0, a one; zeros to the end of the byte
        ("02ff", 1, None),  # more behind it
        ("03", 1, None),  # the last bit is none of the sample's
        ("01", 1, [-1]),
        ("00", 1, None),
        ("", 1, None),
        ("", 0, []),
        ("3dfffc", 1, [32767]),  # plain
        ("3dff", 1, None),
        ("3dfffc00", 1, None),
        ("3ffffc", 1, [-1]),
    ],
)
def test_by_hand(program: Path, packed: str, count: int, samples: list[int] | None) -> None:
    (found,) = unpacked(program, [(count, bytes.fromhex(packed))])
    assert (None if found is None else found.tolist()) == samples
