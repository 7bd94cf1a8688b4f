"""The frozen graph on an emulated Cortex-A53, instructions counted; the counter and a known program."""

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from parity.test_graphdef import FRONT_END, synthetic_clips
from spread_models import TOLERANCE, spread_model

from hil import __main__ as hil
from hil.pi import emulate
from hil.pi.aarch64_root import COMMAND, PYTHON, default_root
from train.audio.wav import encode_wav
from train.core import runfolder
from train.graphdef.freeze import freeze

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(shutil.which("qemu-aarch64") is None, reason="no qemu-aarch64 (Debian: qemu-user)"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler (cc)"),
]
needs_root = pytest.mark.skipif(
    not (default_root() / PYTHON).exists(), reason=f"no AArch64 root in the cache ({COMMAND})"
)

MARK = [0xD2800808, 0xD2800040, 0xD2800002, 0xD4000001]  # x8 = 64 (write), x0 = 2, x2 = 0, svc
EXIT = [0xD2800BA8, 0xD2800000, 0xD4000001]  # x8 = 93 (exit), x0 = 0, svc
COUNT_DOWN = [0xF1000463, 0x54FFFFE1]  # x3 = x3 - 1, back to it unless x3 is 0


def executable(words: list[int]) -> bytes:
    """An AArch64 ELF file of one segment, which begins with its own header."""
    address, header_bytes = 0x400000, 64 + 56
    code = struct.pack(f"<{len(words)}I", *words)
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    start = address + header_bytes
    elf = struct.pack("<16sHHIQQQIHHHHHH", identity, 2, 183, 1, start, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = header_bytes + len(code)
    return elf + struct.pack("<IIQQQQQQ", 1, 5, 0, address, address, size, size, 0x1000) + code


@pytest.mark.parametrize("rounds", [1, 1000, 2_000_003])
def test_instructions_are_counted_exactly(tmp_path: Path, rounds: int) -> None:
    """Between the marks: a constant in two instructions, two for each round, and the mark's own four."""
    constant = [0xD2800003 | (rounds & 0xFFFF) << 5, 0xF2A00003 | (rounds >> 16) << 5]
    program, marks = tmp_path / "program", tmp_path / "marks, of it"
    program.write_bytes(executable([*MARK, *constant, *COUNT_DOWN, *MARK, *MARK, *EXIT]))
    program.chmod(0o755)
    qemu = emulate.find_qemu()
    flags, missing = emulate._compile_counter(qemu, tmp_path, marks)
    assert missing == ""
    subprocess.run([qemu, *flags, program], check=True, timeout=60)
    assert emulate._counts(marks) == [2 + 2 * rounds + len(MARK), len(MARK)]


@needs_root
def test_tiny_conv_under_emulation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    audio = synthetic_clips()
    graph = tmp_path / runfolder.GRAPHDEF
    graph.write_bytes(freeze(spread_model("tiny_conv", audio, labels=12), FRONT_END))
    (tmp_path / runfolder.CLIPS).mkdir()
    for index, clip in enumerate(audio[-5:]):
        samples = np.clip(np.round(clip * 32768), -32768, 32767).astype(np.int16)
        (tmp_path / runfolder.CLIPS / f"{index}.wav").write_bytes(encode_wav(samples, 16000))
    monkeypatch.setattr(
        sys, "argv", ["hil", "pi", str(graph), "--emulate", "--engine", "numpy", "--runs", "3"]
    )
    hil.main()
    found = json.loads((tmp_path / "pi" / "emulate.json").read_text())
    assert found["label"] == "emulated"
    assert found["machine"]["architecture"] == "aarch64"
    assert 0 < found["max_difference"] <= TOLERANCE  # zero would be this computer's own NumPy
    assert len(found["clips"]) == 5
    assert (found["avg_ms"], found["std_ms"]) == (None, None)
    assert found["memory_bytes"] == 76448  # as TensorFlow 1.4 counts, with 12 scores in place of 4
    counted = found["instructions"]
    assert counted["runs"] == 3
    assert counted["most"] - counted["least"] < 0.02 * counted["mean"]
    by_node = {node["name"]: node["instructions"] for node in found["nodes"]}
    # Two ways of counting: whole runs, and node by node, without what lies between nodes.
    assert sum(by_node.values()) == pytest.approx(counted["mean"], rel=0.05)
    assert by_node["AudioSpectrogram"] > 49 * 512  # a sample or more at a time in each of 49 windows
    assert by_node["Conv2D"] > by_node["MatMul"] > by_node["final_fc_bias"] > 0
    output = capfd.readouterr()
    assert "guest instructions an inference" in output.out
    assert " ms" not in output.out.replace("200 ms on a Pi 3", "")
