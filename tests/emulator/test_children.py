"""An emulator ends with the command that started it, whatever ends that; its run folder stays whole."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from emulator.conftest import require
from places import ROOT

from train.core.results.boards import ProofResult
from train.core.run_lock import LOCK

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc here"),
]

_MARK = "EARSHOT_TEST_MARK"
_GONE_S = 5.0


def marked(mark: str) -> list[str]:
    """Names of the processes with the mark."""
    wanted, names = f"{_MARK}={mark}".encode(), []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                names.append((entry / "comm").read_text().strip())
        except OSError:  # it is gone, or not ours
            continue
    return names


def test_killed_in_the_middle_of_a_proof(own_run: Path, corpus: Path) -> None:
    require("qemu-system-arm")
    require("arm-none-eabi-gcc")
    command = ["test", str(own_run), "--board", "mps2-an386", "--data", str(corpus), "--split", "all"]
    for number, code in ((signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)):
        mark = uuid.uuid4().hex
        with subprocess.Popen(
            # A slow line, so that it is at work when the signal comes.
            [sys.executable, "-m", "hil", *command, "--feed", "serial", "--faults", "delay=1.0"],
            cwd=ROOT,
            env={**os.environ, _MARK: mark},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            started = time.monotonic()
            while process.poll() is None and not any("qemu" in name for name in marked(mark)):
                assert time.monotonic() - started < 240
                time.sleep(0.05)
            time.sleep(0.5)
            process.send_signal(number)
            output, messages = process.communicate(timeout=30)
        assert process.returncode == code, output + messages
        ended = time.monotonic()
        while marked(mark):
            assert time.monotonic() - ended < _GONE_S, marked(mark)
            time.sleep(0.05)
        if number == signal.SIGTERM:
            assert "error: SIGTERM: stopped after " in messages
            assert ProofResult.path_of(own_run, "mps2-an386").is_file()
            assert not list(own_run.rglob(LOCK)), "locks are released"
