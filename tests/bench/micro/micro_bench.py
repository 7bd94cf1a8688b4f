"""The front end micro beside TensorFlow's op and pymicro-features, and what it costs: ``make bench-micro``.

All recordings of ../shared/data and the signals of tests/micro_oracles.py, at 20 and at 10 ms: the values of
the oracles, which are 64ths of a nat, against Python; Python's features against C for this computer, and for
a core with DSP instructions under qemu-arm. Then instructions of a row on an emulated Cortex-M4F, and clips
a second. Writes out/bench/micro_frontend.json.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "bench")]

from c_front_end import CFrontEnd  # noqa: E402
from firmware_bench import random_subject  # noqa: E402
from firmware_measure import COMPILED, measure  # noqa: E402
from micro_oracles import ORACLES, hard_signals  # noqa: E402

from codegen.frontend_tables import table_files  # noqa: E402
from hil.boards.board import load_board  # noqa: E402
from train.audio import micro  # noqa: E402
from train.audio.frontend import wav_features  # noqa: E402
from train.audio.wav import decode_wav, fit_length, to_float  # noqa: E402
from train.core import console, runfolder  # noqa: E402
from train.core.spec import FrontEnd  # noqa: E402

RECORDINGS = ROOT.parent / "shared" / "data" / "speech_commands_dev.tar.xz"
OUT = Path("out/bench/micro_frontend.json")
BOARD = "mps2-an386"  # Cortex-M4F
_DSP_FLAGS = ("-mcpu=cortex-a7", "-mthumb", "-mfloat-abi=hard", "-mfpu=vfpv4", "-O2", "--specs=rdimon.specs")
_BLOCK_CLIPS = 64
_SPEED_CLIPS, _SPEED_RUNS = 1000, 5

Clips = NDArray[np.int16]
Count = dict[str, Any]


def recordings() -> Clips:
    """(clips, 16000) of the dev corpus; none where it is not there."""
    if not RECORDINGS.is_file():
        console.warn(f"no recordings: {RECORDINGS} is not there")
        return np.zeros((0, 16000), np.int16)
    clips = []
    with tarfile.open(RECORDINGS) as packed:
        for member in packed:
            if member.name.endswith(".wav") and "_background_noise_" not in member.name:
                file = packed.extractfile(member)
                assert file is not None
                clips.append(fit_length(decode_wav(file.read(), 16000, member.name), 16000))
    return np.stack(clips)


def beside_the_oracle(clips: Clips, front_end: FrontEnd) -> Count:
    """Values of the op, or of pymicro-features, that are not Python's."""
    values_of, differing, compared = ORACLES[front_end.window_stride_ms], 0, 0
    name = values_of.__name__.removeprefix("of_")
    with console.progress(f"{name}, {front_end.window_stride_ms} ms", len(clips)) as advance:
        for start in range(0, len(clips), _BLOCK_CLIPS):
            block = clips[start : start + _BLOCK_CLIPS]
            expected = np.stack([values_of(clip) for clip in block])
            found = micro.log_values(micro.log_levels(micro.amplitudes(block, front_end), front_end)[0])
            differing += int(np.count_nonzero(found != expected))
            compared += expected.size
            advance(len(block))
    return {"what": f"Python, {name}", "compared": compared, "differing": differing}


def beside_c(clips: Clips, features: NDArray[Any], front_end: FrontEnd) -> Count:
    """Features that C, as it is compiled for this computer, has otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        twin, differing = CFrontEnd(Path(folder), front_end), 0
        with console.progress(f"C, {front_end.window_stride_ms} ms", len(clips)) as advance:
            for clip, expected in zip(clips, features, strict=True):
                differing += int(np.count_nonzero(twin.rows(clip) != expected))
                advance(1)
    return {"what": "C on the host, Python", "compared": features.size, "differing": differing}


def beside_dsp(clips: Clips, features: NDArray[Any], front_end: FrontEnd) -> Count | None:
    """Features that C with DSP instructions has otherwise, by emulation; None where there is no emulator."""
    if shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-arm") is None:
        console.warn("DSP instructions not run: there is no arm-none-eabi-gcc, or no qemu-arm")
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in table_files("// bench", front_end).items():
            (folder / file).write_text(text, encoding="utf-8")
        sources = [*(ROOT / "firmware" / "frontend").glob("*.c"), folder / "frontend_tables.c"]
        program = Path(__file__).with_name("rows_of_clips.c")
        includes = [f"-I{folder}", f"-I{ROOT / 'firmware'}"]
        compiler = ["arm-none-eabi-gcc", *_DSP_FLAGS, *includes, "-o", folder / "rows", program, *sources]
        subprocess.run(compiler, check=True)
        (folder / "clips.bin").write_bytes(clips.astype("<i2").tobytes())
        subprocess.run(["qemu-arm", folder / "rows"], check=True, cwd=folder)
        rows = np.frombuffer((folder / "rows.bin").read_bytes(), np.uint8)
    differing = int(np.count_nonzero(rows != features.ravel()))
    return {
        "what": "C with DSP instructions (emulated), Python",
        "compared": rows.size,
        "differing": differing,
    }


def comparisons() -> list[Count]:
    clips = np.concatenate([hard_signals(), recordings()])
    counts = []
    for stride_ms in ORACLES:
        front_end = FrontEnd("micro", window_stride_ms=stride_ms)
        counts.append({"stride_ms": stride_ms, "clips": len(clips), **beside_the_oracle(clips, front_end)})
        features = wav_features(to_float(clips), front_end, 2)
        for count in (beside_c(clips, features, front_end), beside_dsp(clips, features, front_end)):
            if count is not None:
                counts.append({"stride_ms": stride_ms, "clips": len(clips), **count})
    return counts


def speed() -> Count:
    """Clips a second on two threads: the best of a few runs; and of each second of a core's time."""
    noise = np.random.default_rng(0).normal(0, 0.03, (_SPEED_CLIPS, 16000)).astype(np.float32)
    wall_s, core_s = [], []
    for _ in range(_SPEED_RUNS):
        started, used = time.monotonic(), time.process_time()
        wav_features(noise, FrontEnd("micro"), 2)
        wall_s.append(time.monotonic() - started)
        core_s.append(time.process_time() - used)
    return {
        "clips_per_s": round(_SPEED_CLIPS / min(wall_s)),
        "clips_per_core_s": round(_SPEED_CLIPS / min(core_s)),
    }


def cost(build: Path | None) -> Count:
    """A row on Cortex-M4F."""
    front_end = FrontEnd("micro")
    subject = random_subject("tiny_conv_micro", "tiny_conv", front_end, label_count=4, clips=50)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(load_board(BOARD), COMPILED, subject, build or Path(folder))
    names = ("instructions_per_row", "most_instructions_per_row", "row_stack_bytes")
    return {name: found[name] for name in (*names, "front_end_code_bytes", "front_end_table_bytes")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, metavar="FOLDER", help="keep the firmware's build there")
    flags = parser.parse_args()
    counts = comparisons()
    result = {
        "label": "host; instructions emulated",
        "compared": sum(count["compared"] for count in counts),
        "differing": sum(count["differing"] for count in counts),
        **cost(flags.build),
        **speed(),
        "comparisons": counts,
    }
    runfolder.write_json(OUT, result)
    console.say(json.dumps(result, indent=2))


if __name__ == "__main__":
    console.run(main)
