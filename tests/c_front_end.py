"""The C front end as it is compiled for the host, and signals made to break front ends."""

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from places import ROOT

from codegen.frontend_tables import table_files
from train.core.spec import FrontEnd

_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror")
_SANITIZE = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
_STATE_BYTES = 1 << 16  # more than any front end of these tests needs

Rows = NDArray[np.uint8]


class CFrontEnd:
    """The C front end of one FrontEnd, called through ctypes."""

    def __init__(self, folder: Path, front_end: FrontEnd, flags: Sequence[str] = ()) -> None:
        for name, text in table_files("// test", front_end).items():
            (folder / name).write_text(text, encoding="utf-8")
        library = folder / "libfrontend.so"
        sources = sorted((ROOT / "firmware" / "frontend").glob("*.c"))
        command = ["cc", *_FLAGS, *flags, *_SANITIZE, "-shared", "-fPIC", f"-I{folder}", "-o", library]
        subprocess.run([*command, *sources, folder / "frontend_tables.c"], check=True)
        self._library = ctypes.CDLL(str(library))
        self._library.kws_frontend_push.restype = ctypes.c_uint32
        self._bins = front_end.bins

    def rows(self, samples: NDArray[np.int16], pieces: Sequence[int] = ()) -> Rows:
        """All rows of a stream that arrives in pieces of these sizes, then whole."""
        state = (ctypes.c_uint64 * (_STATE_BYTES // 8))()
        self._library.kws_frontend_reset(state)
        row, ready = (ctypes.c_uint8 * self._bins)(), ctypes.c_int()
        rows, start = [], 0
        samples = np.ascontiguousarray(samples, dtype=np.int16)
        for size in (*pieces, len(samples)):
            end = min(start + size, len(samples))
            while start < end:
                where = ctypes.c_void_p(samples.ctypes.data + 2 * start)
                start += self._library.kws_frontend_push(
                    state, where, ctypes.c_uint32(end - start), row, ctypes.byref(ready)
                )
                if ready.value:
                    rows.append(bytes(row))
        return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(-1, self._bins)


def signals(front_end: FrontEnd) -> dict[str, NDArray[np.int16]]:
    """Signals made to overflow, to saturate or to sit on the last bins."""
    time = np.arange(front_end.clip_samples)
    rate, generator = front_end.sample_rate_hz, np.random.default_rng(11)

    def tone(hz: float, peak: float) -> NDArray[np.float64]:
        return peak * np.sin(2 * np.pi * hz * time / rate)

    waves = {
        "silence": 0 * time,
        "lowest": np.full(len(time), -32768),
        "dc": np.full(len(time), 20000),
        "square": np.where(time // 20 % 2, 32767, -32768),
        "nyquist": np.where(time % 2, 32767, -32768),
        "near nyquist": tone(0.494 * rate, 32767),
        "full scale tone": tone(1000, 32767),
        "clipped": np.clip(tone(700, 90000), -32768, 32767),
        "impulses": (time % 1000 == 0) * 32767,
        "white, full scale": generator.integers(-32768, 32768, len(time)),
        "white, quiet": generator.normal(0, 300, len(time)),
        "one bit": generator.integers(-1, 2, len(time)),
    }
    return {name: np.asarray(wave).astype(np.int16) for name, wave in waves.items()}
