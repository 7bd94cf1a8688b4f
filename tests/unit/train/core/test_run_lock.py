"""One writer at a time in a run folder."""

import errno
import json
import os
import platform
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from places import ROOT

from train.core import runfolder
from train.core.errors import UserError
from train.core.outputs import State, state_of
from train.core.run_lock import LOCK, RunLock

HOLDER = """
import sys
from pathlib import Path
from train.core import runfolder
with runfolder.writing(Path(sys.argv[1])):
    print("has it", flush=True)
    sys.stdin.read()
"""
Hold = Callable[[Path], subprocess.Popen[str]]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """``hold(folder)``: a process that writes into it until its input ends."""
    started = []

    def start(folder: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "has it\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def write(folder: Path, wait: bool = False) -> None:
    with runfolder.writing(folder, wait):
        pass


def test_another_process_is_told_who_writes(hold: Hold, tmp_path: Path) -> None:
    process = hold(tmp_path / "run")
    expected = rf"run: process {process.pid} on .*, since \d{{4}}-\d\d-\d\d .*writes into it; wait until"
    with pytest.raises(UserError, match=expected):
        write(tmp_path / "run")
    process.communicate(input="")
    write(tmp_path / "run")


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_killed_process_left_is_no_lock(hold: Hold, tmp_path: Path, way: signal.Signals) -> None:
    folder = tmp_path / "run"
    process = hold(folder)
    process.send_signal(way)
    process.wait()
    assert (folder / LOCK).is_file()
    runfolder.check_free(folder)  # not taken for somebody's work
    write(folder)
    assert not (folder / LOCK).exists()


def test_a_copied_folder_is_free(hold: Hold, tmp_path: Path) -> None:
    hold(tmp_path / "run")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / LOCK).write_bytes((tmp_path / "run" / LOCK).read_bytes())
    write(copy)


@pytest.mark.parametrize("content", ["", "[]", "{}", "\0", json.dumps({"process": "x"})])
def test_whatever_is_in_the_file_the_lock_counts(hold: Hold, tmp_path: Path, content: str) -> None:
    hold(tmp_path / "run")
    (tmp_path / "run" / LOCK).write_text(content)
    with pytest.raises(UserError, match="run: another process writes into it"):
        write(tmp_path / "run")


def test_blocks_in_blocks_and_nothing_left_behind(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "run"
    with runfolder.writing(folder):
        with runfolder.writing(tmp_path / "a" / ".." / "a" / "run"):
            pass
        assert (folder / LOCK).is_file()
        assert json.loads((folder / LOCK).read_text())["process"] == os.getpid()
    assert not folder.exists()


def test_waiting_until_the_other_is_done(
    hold: Hold, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    process = hold(tmp_path / "run")
    assert process.stdin is not None
    threading.Timer(0.5, process.stdin.close).start()
    write(tmp_path / "run", wait=True)
    assert re.search(rf"run: waiting for process {process.pid} on", capfd.readouterr().err)


def test_many_at_once_write_one_after_the_other(tmp_path: Path) -> None:
    """The file goes with each of them, so that the next makes another."""
    code = (
        "import sys; from pathlib import Path; from train.core import runfolder\n"
        "for _ in range(30):\n"
        "    with runfolder.writing(Path(sys.argv[1]) / 'run', wait=True):\n"
        "        path = Path(sys.argv[1]) / 'count'; path.write_text(str(int(path.read_text()) + 1))\n"
    )
    (tmp_path / "count").write_text("0")
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stderr=subprocess.DEVNULL)
        for _ in range(4)
    ]
    assert [process.wait() for process in started] == [0] * 4
    assert (tmp_path / "count").read_text() == "120"


def no_locks(file: int, how: int) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def lock_of(process: int, host: str, **fields: object) -> str:
    who = {"process": process, "host": host, "since": "2026-01-01 10:00:00", "command": "earshot"}
    return json.dumps({**who, **fields})


def test_without_locks_of_the_file_system_the_file_is_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fcntl.flock", no_locks)
    lock = RunLock(tmp_path / "run", wait=False)
    with pytest.raises(UserError, match=rf"run: process {os.getpid()} on .* writes into it"):
        RunLock(tmp_path / "run", wait=False)
    lock.release()
    RunLock(tmp_path / "run", wait=False).release()
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "is_stale"),
    [
        (lock_of(2**22 + 1, platform.node()), True),  # no process has this number
        (lock_of(os.getpid(), platform.node(), started="1"), True),  # the number was used again
        (lock_of(os.getpid(), platform.node()), False),
        (lock_of(1, "another"), False),
        ("", True),  # killed before it said who it is
        ("[" * 5000, True),
    ],
    ids=["gone", "used again", "at work", "elsewhere", "killed", "damaged"],
)
def test_stale_files_without_locks_of_the_file_system(
    content: str, is_stale: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / LOCK).write_text(content)
    monkeypatch.setattr("fcntl.flock", no_locks)
    if is_stale:
        write(tmp_path)
        assert list(tmp_path.iterdir()) == []
        return
    with pytest.raises(UserError, match="writes into it") as told:
        write(tmp_path)
    assert ("remove" in str(told.value)) == ("another" in content), "this computer can be asked"
    assert (tmp_path / LOCK).read_text() == content
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_a_lock_that_was_copied_with_its_folder_is_none(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(lock_of(1, "another"))
    write(tmp_path)
    assert not (tmp_path / LOCK).exists()


def test_a_forked_child_does_not_keep_the_lock(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from train.core import runfolder\n"
        "with runfolder.writing(Path(sys.argv[1])):\n"
        "    child = os.fork()\n"
        "    if not child: os.close(1); time.sleep(60); os._exit(0)\n"
        "    print(child, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        parent.kill()
        parent.wait()
        write(tmp_path)
        os.kill(child, 0)  # it lives
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_folder_with_a_lock_alone_is_free(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    runfolder.check_free(tmp_path)
    assert state_of(tmp_path, lambda _: False) is State.FREE
