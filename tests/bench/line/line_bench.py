"""What a faster line and packed audio bring, to the tables in docs/PROTOCOL.md and out/bench/line.json.

    line_bench.py RUN CLIPS [--board ID ...]

CLIPS is a folder of recordings as Speech Commands has them. Bytes are those of 200 of them; instructions are
counted in QEMU; clips a second are measured on pseudo terminals that a real clock holds to their rate.
"""

import argparse
import functools
import random
import subprocess
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import document_table
import numpy as np
from clocked_line import ClockedLine
from numpy.typing import NDArray

from hil.bench.program import counter, run
from hil.boards.board import Board, load_board
from hil.boards.build import PROOF, EngineChoice, build
from hil.link.serial_link import SerialLink
from hil.protocol import packing
from hil.protocol.codec import encode
from hil.protocol.session import Session
from hil.protocol.transfers.clip import ClipToScore, ClipTransfer
from hil.protocol.transfers.transfer import FRAME_SAMPLES
from train.audio import wav
from train.audio.frontend import model_input, wav_features
from train.core import runfolder
from train.core.console import log
from train.core.installation import FIRMWARE_SOURCES
from train.core.spec import ModelSpec

_OUT = Path("out/bench/line.json")
_HERE = Path(__file__).parent
_COMMON = FIRMWARE_SOURCES / "boards" / "common"
_CLIPS, _COUNTED_CLIPS = 200, 8
_FIRST_BAUD = 115_200
_BITS = 10  # of a byte on the line
_LPC_ORDER, _LPC_BITS = 8, 9
_SETTINGS = (  # rate, whether audio is packed, clips that are sent
    (_FIRST_BAUD, False, 6),
    (_FIRST_BAUD, True, 10),
    (1_000_000, False, 30),
    (1_000_000, True, 80),
    (2_000_000, True, 120),
)
_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-ffunction-sections")

Clips = NDArray[np.int16]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="any run folder with c/")
    parser.add_argument("clips", type=Path)
    parser.add_argument("--board", action="append", help="that counts (microbit, mps2-an386)")
    flags = parser.parse_args()
    spec = runfolder.read_spec(flags.run, needs=[runfolder.TFLITE])
    clips = read_clips(flags.clips, spec)
    boards = [load_board(board_id) for board_id in flags.board or ("microbit", "mps2-an386")]
    ways = [of_way(name, orders, block, clips, boards) for name, orders, block in _WAYS]
    ways.append({"way": f"its own weights for each frame, {_LPC_ORDER} of them", "bytes": lpc_bytes(clips)})
    speeds = list(of_line(flags.run, spec, clips))
    runfolder.write_json(_OUT, {"ways": ways, "speeds": speeds})
    document_table.write("PROTOCOL.md", "make bench-line", table(ways, boards, speeds))
    print(_OUT)


def read_clips(folder: Path, spec: ModelSpec) -> Clips:
    """(clips, clip_samples)"""
    paths = sorted(folder.rglob("*_nohash_*.wav"))
    rate_hz, count = spec.front_end.sample_rate_hz, spec.front_end.clip_samples
    chosen = random.Random(1).sample(paths, _CLIPS)
    read = [wav.read_wav(path, rate_hz)[:count] for path in chosen]
    return np.stack([np.pad(samples, (0, count - len(samples))) for samples in read])


# Ways to pack

_WAYS = (
    ("as they are", (), 100),
    ("the difference to the sample before", (1,), 100),
    ("fixed prediction, order 0 to 2", (0, 1, 2), 100),
    ("fixed prediction, order 0 to 3, blocks of 50", (0, 1, 2, 3), 50),
    ("**fixed prediction, order 0 to 3, blocks of 100**", (0, 1, 2, 3), 100),
    ("fixed prediction, order 0 to 3, blocks of 250", (0, 1, 2, 3), 250),
)


@contextmanager
def only(orders: tuple[int, ...], block: int) -> Iterator[None]:
    """``pack`` with other orders and blocks than the protocol has."""
    folded = packing._folded

    def chosen(samples: Clips) -> NDArray[np.int32]:
        found = folded(samples)
        found[[order for order in range(len(found)) if order not in orders]] = 1 << 30
        return found

    with (
        mock.patch.object(packing, "_folded", chosen),
        mock.patch.object(packing, "BLOCK_SAMPLES", block),
    ):
        yield


def frames_of(clip: NDArray[np.int16]) -> list[NDArray[np.int16]]:
    return [clip[first : first + FRAME_SAMPLES] for first in range(0, len(clip), FRAME_SAMPLES)]


def of_way(
    name: str, orders: tuple[int, ...], block: int, clips: Clips, boards: list[Board]
) -> dict[str, Any]:
    """Bytes a clip, and instructions a sample on each board; 0 where the firmware has other blocks."""
    if not orders:
        return {"way": name, "bytes": 2 * clips.shape[1]}
    with only(orders, block):
        packed = [[packing.pack(frame) for frame in frames_of(clip)] for clip in clips]
    found = {"way": name, "bytes": round(sum(len(some) for each in packed for some in each) / len(clips))}
    if block == 100:
        for board in boards:
            found[board.id] = instructions(board, clips[:_COUNTED_CLIPS], packed[:_COUNTED_CLIPS])
    log(f"{found}")
    return found


def lpc_bytes(clips: Clips) -> int:
    """Bytes a clip where each frame brings weights of 9 bits that fit it best. Computed, not written out."""
    total = 0.0
    for clip in clips:
        for frame in frames_of(clip):
            total += min(_lpc_bytes(frame.astype(np.int64)), len(packing.pack(frame)))
    return round(total / len(clips))


def _lpc_bytes(frame: NDArray[np.int64]) -> float:
    smooth = frame * np.hanning(len(frame) + 2)[1:-1]
    products = [float(smooth[: len(smooth) - lag] @ smooth[lag:]) for lag in range(_LPC_ORDER + 1)]
    if products[0] == 0:
        return np.inf
    products[0] *= 1 + 1e-9
    lags = np.abs(np.subtract.outer(np.arange(_LPC_ORDER), np.arange(_LPC_ORDER)))
    weights = np.linalg.solve(np.array(products)[lags], products[1:])
    shift = min(15, max(0, int(_LPC_BITS - 1 - np.ceil(np.log2(np.abs(weights).max() + 1e-9)))))
    whole = np.clip(np.round(weights * 2**shift), -(2 ** (_LPC_BITS - 1)), 2 ** (_LPC_BITS - 1) - 1)
    past = np.concatenate([np.zeros(_LPC_ORDER, np.int64), frame])
    columns = [past[_LPC_ORDER - lag : len(past) - lag] for lag in range(1, _LPC_ORDER + 1)]
    missed = frame - (np.array(columns).T @ whole.astype(np.int64) >> shift)
    folded = np.where(missed >= 0, 2 * missed, -2 * missed - 1)
    bits = _LPC_ORDER * _LPC_BITS + 4
    for first in range(0, len(folded), packing.BLOCK_SAMPLES):
        block = folded[first : first + packing.BLOCK_SAMPLES]
        bits += 4 + min(int((block >> k).sum()) + len(block) * (1 + k) for k in range(15))
    return bits / 8


def instructions(board: Board, clips: Clips, packed: list[list[bytes]]) -> float:
    """Of a sample, to unpack it."""
    frames = [
        len(frame).to_bytes(2, "little") + len(some).to_bytes(2, "little") + some
        for clip, each in zip(clips, packed, strict=True)
        for frame, some in zip(frames_of(clip), each, strict=True)
    ]
    with tempfile.TemporaryDirectory(prefix="earshot-") as folder:
        data = ",".join(map(str, b"".join(frames)))
        header = (
            f"#define PACKED_FRAMES {len(frames)}u\nstatic const unsigned char packed_clips[] = {{{data}}};\n"
        )
        Path(folder, "packed_clips.h").write_text(header)
        found = run(board, compiled(board, Path(folder)))
    expected = zlib.crc32(clips.astype("<i2").tobytes())
    assert found["crc"] == [[expected]], (found, expected)
    return round(counter(found)(found["unpack"][0][0], len(frames) * found["empty"][0][0]) / clips.size, 1)


def compiled(board: Board, folder: Path) -> Path:
    """unpack_bench.c for a board."""
    target, program = board.target, folder / "unpack_bench"
    assert target is not None
    sizes = {"FLASH": target.flash_bytes, "RAM": target.ram_bytes, "STACK": target.stack_bytes}
    names = ("app/print.c", "app/line.c", "protocol/crc32.c", "line/packed.c", "boards/common/probe.c")
    folders = (folder, *(FIRMWARE_SOURCES / name for name in ("", "hal", "app", "protocol")), _COMMON)
    command = [
        *(target.toolchain.tool("gcc"), *board.flags, *_FLAGS),
        *(f'-DKWS_BOARD_ID="{board.id}"', f"-DKWS_UART_BAUD={target.baud}u"),
        *(f"-DKWS_CORE_HZ={target.core_hz}u", *(f"-I{path}" for path in folders)),
        *(_HERE / "unpack_bench.c", *(FIRMWARE_SOURCES / name for name in names), *board.sources),
        *("-nostartfiles", "--specs=nano.specs", f"-L{_COMMON}", f"-T{target.linker_script}"),
        *(f"-Wl,--defsym=KWS_{name}_BYTES={size}" for name, size in sizes.items()),
        *("-Wl,--gc-sections", "-o", program),
    ]
    subprocess.run(list(map(str, command)), check=True, timeout=300)
    return program


# Clips a second


def of_line(run_folder: Path, spec: ModelSpec, clips: Clips) -> Iterator[dict[str, Any]]:
    """Clips a second over a line with a clock, and as the bytes would have it."""
    program = build(load_board("host"), run_folder, EngineChoice(), program=PROOF).path
    features = model_input(wav_features(wav.to_float(clips), spec.front_end, 2), spec.front_end)
    to_score = [
        ClipToScore(clip.astype("<i2").tobytes(), zlib.crc32(rows.tobytes()))
        for clip, rows in zip(clips, features, strict=True)
    ]
    for baud, packs, count in _SETTINGS:
        with (
            ClockedLine([program]) as line,
            Session(
                functools.partial(SerialLink, line.port, _FIRST_BAUD), lambda *_: None, most_baud=baud
            ) as session,
        ):
            session._faster.packs &= packs
            assert session._faster.baud == baud, "the computer was too busy to keep up with the line"
            started_s = time.monotonic()
            results = list(session.score(to_score[:count]))
            duration_s = time.monotonic() - started_s
            info = session.info
        assert all(result.scores is not None for result in results)
        transfers = [ClipTransfer(clip, info, 1, packs) for clip in to_score[:count]]
        sent = sum(len(encode(request, 1)) for transfer in transfers for request in transfer.requests)
        yield {
            "baud": baud,
            "packed": packs,
            "clips_per_s": round(count / duration_s, 2),
            "estimated_clips_per_s": round(baud / _BITS / (sent / count), 2),
        }


def table(ways: list[dict[str, Any]], boards: list[Board], speeds: list[dict[str, Any]]) -> str:
    head = "".join(f" instructions a sample, {board.id} (emulated) |" for board in boards)
    lines = [
        f"| audio packed as | bytes a clip (host) |{head}",
        f"|---|---|{'---|' * len(boards)}",
        *(
            f"| {way['way']} | {way['bytes']:,} |"
            + "".join(f" {way[board.id]:g} |" if board.id in way else " not run |" for board in boards)
            for way in ways
        ),
        "",
        "| line | audio | clips a second (host) | as its bytes would have it (estimated) |",
        "|---|---|---|---|",
        *(
            f"| {speed['baud']:,} baud | {'packed' if speed['packed'] else 'as it is'} | "
            f"{speed['clips_per_s']:g} | {speed['estimated_clips_per_s']:g} |"
            for speed in speeds
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
