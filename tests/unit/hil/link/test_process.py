"""The link to a running program: every wait ends, and says what was awaited."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hil.link.link import LinkError
from hil.link.patience import Patience
from hil.link.process import ProcessLink
from hil.link.raw_audio import stream_audio
from hil.protocol.session import Session
from train.core.errors import UserError

ECHO = "import os\nwhile data := os.read(0, 65536): os.write(1, data)"
CHATTER = "import os\nwhile True: os.write(1, b'abc')"


def test_more_than_the_pipes_hold_comes_back() -> None:
    data = bytes(range(256)) * 4000  # a megabyte; a pipe holds 64 kB
    with ProcessLink([sys.executable, "-c", ECHO]) as link:
        link.send(data)
        assert link.read(len(data)) == data


def test_lines_and_bytes_share_one_stream() -> None:
    with ProcessLink([sys.executable, "-c", "print('one\\ntwothree', flush=True); input()"]) as link:
        assert link.read_line() == b"one"
        assert link.read(3) == b"two"
        assert link.read_line() == b"three"


def test_process_ends_with_the_block() -> None:
    with ProcessLink([sys.executable, "-c", "input()"]) as link:
        assert link.process.poll() is None
    assert link.process.poll() is not None


def test_what_a_process_started_holds_nobody_up() -> None:
    started_s = time.monotonic()
    with ProcessLink(["sh", "-c", "sleep 20 & echo ready; wait"], timeout_s=5) as link:
        assert link.read_line() == b"ready"
    assert time.monotonic() - started_s < 4


def test_gives_up_on_silence() -> None:
    command = [sys.executable, "-c", "print('hello', flush=True); input()"]
    with ProcessLink(command, timeout_s=0.5) as link:
        assert link.read_line() == b"hello"
        with pytest.raises(LinkError, match=r"expected 3 bytes, but it did not come within 0.5 s"):
            link.read(3)


def test_gives_up_on_chatter_without_end() -> None:
    with (
        ProcessLink([sys.executable, "-c", CHATTER], timeout_s=20) as link,
        pytest.raises(LinkError, match=r"expected a line, but [\d,]+ bytes came without its end"),
    ):
        link.read_line()


def test_notices_the_end() -> None:
    with (
        ProcessLink([sys.executable, "-c", "print('last', end='')"]) as link,
        pytest.raises(
            LinkError, match=r"expected a line, but the firmware ended; the last bytes were b'last'"
        ),
    ):
        link.read_line()


def test_without_emulator() -> None:
    with pytest.raises(UserError, match=r"no-such-emulator: not found"):
        ProcessLink(["no-such-emulator"])


def test_what_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "firmware").write_bytes(b"no program")
    (tmp_path / "firmware").chmod(0o755)
    with pytest.raises(
        UserError, match=r"firmware: cannot be started \(Exec format error\); build the firmware"
    ):
        ProcessLink([str(tmp_path / "firmware")])


def test_a_program_that_was_stopped() -> None:
    link = ProcessLink(["sh", "-c", "kill -STOP $$"], timeout_s=9)
    with pytest.raises(LinkError, match=r"nothing was heard for 0.3 s"):
        Session(lambda: link, lambda *_: None, Patience(0.3))
    assert link.process.poll() is not None


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("while True: os.write(1, b'Heard yes (200) @100ms\\n')", "talks, but takes no audio"),
        ("while True: os.write(1, b'x' * 5000)", "talks, but takes no audio"),
        ("time.sleep(9)", "expected 1 bytes, but it did not come within 0.5 s"),
    ],
)
def test_a_board_that_takes_no_audio(program: str, message: str) -> None:
    command = [sys.executable, "-S", "-c", f"import os, time\n{program}"]
    timeout_s = 0.5 if "sleep" in program else 20
    with ProcessLink(command, timeout_s) as link, pytest.raises(LinkError, match=message):
        for _ in stream_audio(link, np.zeros(32_000, np.int16)):
            pass
