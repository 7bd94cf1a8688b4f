"""Audio of every kind, packed and damaged, and the firmware that unpacks it, under sanitizers."""

import random
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from places import ROOT

from hil.protocol.messages import MAX_AUDIO_SAMPLES
from hil.protocol.packing import pack

_FLAGS = (
    *("-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wconversion", "-Werror", f"-I{ROOT}/firmware"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)


def sound(seed: int) -> NDArray[np.int16]:
    """(1 to 508,) samples: noise, extremes, nothing, hiss, something like speech, steps."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, MAX_AUDIO_SAMPLES + 1))
    loud = 10 ** rng.uniform(0, 4.5)
    kinds = (
        rng.integers(-32768, 32768, count),
        np.where(rng.random(count) < 0.5, -32768, 32767),
        np.zeros(count),
        rng.integers(-3, 4, count),
        np.cumsum(rng.normal(0, loud / 10, count)),
        loud * np.sin(np.arange(count) * rng.uniform(0, 3)),
        np.repeat(rng.integers(-32768, 32768, count), 40)[:count],
    )
    return np.clip(kinds[seed % len(kinds)], -32768, 32767).astype(np.int16)


def damaged(seed: int) -> tuple[int, bytes]:
    """How many samples packed bytes are said to be, and these bytes: other ones, too few, too many."""
    chance = random.Random(seed)
    samples = sound(seed)
    packed, count = bytearray(pack(samples)), len(samples)
    match chance.randrange(6):
        case 0:
            packed = packed[: chance.randrange(len(packed))]
        case 1:
            packed += chance.randbytes(chance.choice((1, 2, 300)))
        case 2:
            count = chance.randrange(MAX_AUDIO_SAMPLES + 1)
        case 3:
            packed = bytearray(chance.randbytes(chance.randrange(1025)))
        case 4:
            packed = bytearray(chance.choice((0, 255)) for _ in range(chance.choice((0, 1, 1014))))
        case _:
            for _ in range(chance.choice((1, 1, 8))):
                packed[chance.randrange(len(packed))] ^= 1 << chance.randrange(8)
    return count, bytes(packed)


def build(folder: Path) -> Path:
    """The program that ``unpacked`` runs."""
    program = folder / "run_packed"
    sources = [ROOT / "tests" / "c" / "run_packed.c", ROOT / "firmware" / "line" / "packed.c"]
    subprocess.run(["cc", *_FLAGS, "-o", program, *sources], check=True, timeout=60)
    return program


def unpacked(program: Path, cases: Iterable[tuple[int, bytes]]) -> list[NDArray[np.int16] | None]:
    """What the firmware makes of counts of samples and bytes; None where it refuses."""
    cases = list(cases)
    asked = b"".join(struct.pack("<HH", count, len(packed)) + packed for count, packed in cases)
    # ASan reserves more addresses than the limit of a campaign has.
    command = ["prlimit", "--as=unlimited", str(program)]
    said = subprocess.run(command, input=asked, capture_output=True, timeout=120, check=True).stdout
    found: list[NDArray[np.int16] | None] = []
    for count, _ in cases:
        is_refused, said = said[0] == 255, said[1:]
        found.append(None if is_refused else np.frombuffer(said[: 2 * count], "<i2"))
        said = said if is_refused else said[2 * count :]
    assert not said
    return found
