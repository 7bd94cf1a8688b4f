"""No process that we start outlives us, however we end: found in /proc by a mark in their environment."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from places import ROOT

from train.core.processes import children

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc here")

_GONE_S = 5.0
_MARK = "EARSHOT_TEST_MARK"
HEAD = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from train.core import console
from train.core.processes import children

def main():
"""
# What prints "ready" once the processes that it names are there.
BODIES = {
    "a program and what it started": (
        """
    # As cmake, ninja and a compiler: what is in the middle hears nothing.
    with children.Child(["sh", "-c", "sh -c 'sleep 300 & sleep 300' & echo ready; wait"]) as child:
        child.wait()
""",
        3,
    ),
    "one that ignores signals": (
        """
    with children.Child(["sh", "-c", "trap '' INT TERM HUP; echo ready; while :; do sleep 1; done"]) as child:
        child.wait()
""",
        1,
    ),
    "one that is waited for": (
        """
    print("ready", flush=True)
    children.run(["sleep", "300"])
""",
        1,
    ),
    "workers of a pool": (
        """
    from train.synth.espeak import fresh_processes
    with fresh_processes("waiting", 1) as pool:
        job = pool.submit(time.sleep, 300)
        while not job.running():
            time.sleep(0.05)
        print("ready", flush=True)
        job.result()
""",
        1,
    ),
}
ENDS = {
    "SIGKILL": ((signal.SIGKILL,), -signal.SIGKILL, ""),
    "SIGTERM": ((signal.SIGTERM,), 143, "ended by SIGTERM\n"),
    "SIGHUP": ((signal.SIGHUP,), 129, "ended by SIGHUP\n"),
    "Ctrl-C": ((signal.SIGINT,), 130, "stopping; Ctrl-C again stops at once\ninterrupted\n"),
}


def marked(mark: str) -> set[int]:
    """Processes with the mark, but for zombies."""
    wanted, found = f"{_MARK}={mark}".encode(), set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
        except OSError:  # it is gone, or not ours
            continue
    return found


def until(is_so, seconds: float) -> bool:
    deadline_s = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def started(code: str, mark: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, _MARK: mark},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_heed_signals,
    )


def _heed_signals() -> None:
    """As a program does that a shell starts, whoever runs these tests: in the background, or by nohup."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("body", "end"),
    [
        *(("a program and what it started", end) for end in ENDS),
        ("one that ignores signals", "SIGKILL"),
        ("one that ignores signals", "SIGTERM"),
        ("one that is waited for", "SIGKILL"),
        ("workers of a pool", "SIGKILL"),
        ("workers of a pool", "SIGTERM"),
    ],
)
def test_nothing_is_left(body, end):
    source, count = BODIES[body]
    signals, code, said = ENDS[end]
    mark = uuid.uuid4().hex
    with started(f"{HEAD}{source}\nif __name__ == '__main__':\n    console.run(main)\n", mark) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert until(lambda: len(marked(mark)) > count + 1, 10), "with the guard, or Python's own helper"
        if end == "SIGKILL":
            time.sleep(0.3)  # in the moment of a start there is nobody who could know of it
        for number in signals:
            process.send_signal(number)
        assert process.wait(20) == code
        assert until(lambda: not marked(mark), _GONE_S), marked(mark)
        assert process.stderr is not None
        found = process.stderr.read()
    assert found == said or "resource_tracker" in found


def test_a_second_ctrl_c_ends_it_at_once_and_leaves_nothing():
    mark = uuid.uuid4().hex
    body = """
    with children.Child(["sleep", "300"]) as child:
        print("ready", flush=True)
        while True:
            try:
                time.sleep(1)
            except KeyboardInterrupt:
                pass
"""
    with started(f"{HEAD}{body}\nconsole.run(main)\n", mark) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(2):
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert until(lambda: not marked(mark), _GONE_S)


def test_a_program_that_ends_is_no_longer_watched_over():
    mark = uuid.uuid4().hex
    body = """
    assert children.run(["sh", "-c", "echo a; echo b >&2; exit 3"]).returncode == 3
    with children.Child(["true"]) as child:
        child.wait()
    print("ready", flush=True)
    time.sleep(300)
"""
    with started(f"{HEAD}{body}\nconsole.run(main)\n", mark) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert len(marked(mark)) == 2, "it and the guard"
        process.kill()
    assert until(lambda: not marked(mark), _GONE_S)


def test_what_a_program_says():
    done = children.run(["sh", "-c", "cat; printf '\\377' >&2; exit 3"], said=b"in")
    assert (done.returncode, done.stdout, done.stderr) == (3, "in", "\N{REPLACEMENT CHARACTER}")
    with pytest.raises(subprocess.TimeoutExpired):
        children.run(["sleep", "300"], timeout_s=0.1)
    with pytest.raises(FileNotFoundError):
        children.run(["/nowhere"])
