"""``earshot test`` on ports where the board is not, or not the right one; and as a command."""

import dataclasses
import os
import subprocess
import sys
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from emulator.conftest import IMPATIENT, TIME_LIMIT_S
from emulator.proof_lines import Bridge, accept_anything, check_all_right
from places import ROOT

from hil.boards.build import PROOF
from hil.link.link import Link, LinkError
from hil.link.serial_link import SerialLink
from hil.proof.dut import DUT
from hil.proof.expected_clips import ClipSet
from hil.proof.proof import prove
from hil.protocol.codec import encode
from hil.protocol.connection import FirmwareError
from hil.protocol.framing import Frame
from hil.protocol.framing import encode as encode_frame
from hil.protocol.messages import Hello
from hil.protocol.session import Session
from train.core import runfolder
from train.core.errors import UserError
from train.core.results.boards import ProofResult

BAUD = 115200

pytestmark = [pytest.mark.emulator, pytest.mark.usefixtures("time_limit")]


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    """A serial port, and the board's end of it."""
    ours, theirs = os.openpty()
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def test_a_board_behind_the_network(dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path) -> None:
    setting = dut()
    bridge = Bridge(setting.open_link())
    try:
        setting = dataclasses.replace(setting, open_link=lambda: SerialLink(bridge.url, BAUD))
        check_all_right(prove(setting, clip_set, own_run, False), clip_set)
    finally:
        bridge.close()


def test_unplugged_in_mid_run(dut: Callable[..., DUT], clip_set: ClipSet) -> None:
    bridge = Bridge(dut().open_link())
    with Session(lambda: SerialLink(bridge.url, BAUD), accept_anything, IMPATIENT) as session:
        results = session.score(clip_set.clips(range(len(clip_set))))
        assert next(results).failure == ""
        bridge.close()
        with pytest.raises(
            LinkError, match=r"the connection was lost .*unplugged\?; and then: .*cannot be reached"
        ):
            list(results)


def test_nobody_there(pty: tuple[int, str]) -> None:
    with pytest.raises(LinkError, match=r"nothing was heard for 1.5 s; is the board powered"):
        Session(lambda: SerialLink(pty[1], BAUD), accept_anything, IMPATIENT)


@pytest.mark.parametrize(
    ("said", "error", "message"),
    [
        (
            bytes(range(128, 256)) * 4,
            LinkError,
            r"\d+ bytes came, but no frame and no text .* baud rate right",
        ),
        (b"hello\nworld\n", FirmwareError, "another program is running there, which says: hello / world;"),
        (encode(Hello(1), 0), LinkError, "fell silent"),
    ],
    ids=["wrong baud", "another program", "stuck"],
)
def test_somebody_else_there(pty: tuple[int, str], said: bytes, error: type[UserError], message: str) -> None:
    tty.setraw(pty[0])

    def open_and_say() -> Link:
        link = SerialLink(pty[1], BAUD)
        os.write(pty[0], said)
        return link

    with pytest.raises(error, match=message):
        Session(open_and_say, accept_anything, IMPATIENT)


def test_a_board_of_another_protocol(pty: tuple[int, str]) -> None:
    def open_and_say() -> Link:
        link = SerialLink(pty[1], BAUD)
        os.write(pty[0], encode_frame(Frame(0x11, 1, b"\x02" + bytes(60))))
        return link

    with pytest.raises(FirmwareError, match="speaks version 2 of the protocol, expected 1"):
        Session(open_and_say, accept_anything, IMPATIENT)


def test_ports_that_cannot_be_opened(pty: tuple[int, str], tmp_path: Path) -> None:
    first_user = SerialLink(pty[1], BAUD)
    with pytest.raises(LinkError, match="another program has it open"):
        SerialLink(pty[1], BAUD)
    first_user.close()
    with pytest.raises(LinkError, match="there is no such port; found: "):
        SerialLink(str(tmp_path / "ttyUSB9"), BAUD)
    with pytest.raises(LinkError, match=r"cannot be opened .* expected a serial port"):
        SerialLink("/dev/null", BAUD)
    with pytest.raises(LinkError, match="protocol 'carrier' not known; expected a device"):
        SerialLink("carrier://pigeon", BAUD)


def test_no_permission(monkeypatch: pytest.MonkeyPatch, pty: tuple[int, str]) -> None:
    import serial

    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(13, "could not open port: Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    group = Path(pty[1]).group()
    with pytest.raises(LinkError, match=f"no permission to open it; join group {group}: sudo usermod"):
        SerialLink(pty[1], BAUD)


# The command


def hil_test(run: Path, *arguments: object, board: str = "host") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hil", "test", "--board", board, "--no-build", str(run)]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=TIME_LIMIT_S, cwd=ROOT
    )


def test_command(dut: Callable[..., DUT], own_run: Path, corpus: Path) -> None:
    dut()
    done = hil_test(own_run, "--data", corpus, "--split", "all", "--limit", 9, "--min-accuracy", 0.01)
    assert done.returncode == 0, done.stderr
    assert "scores      36 compared, 0 differ" in done.stdout
    result = ProofResult.read(ProofResult.path_of(own_run, "host"))
    assert (result.clips, result.label, result.split) == (9, "host", "all")
    header = own_run / runfolder.FIRMWARE / "host" / f"{PROOF}_build_id" / "build_id.h"
    header.write_text('#define KWS_BUILD_ID "0123"\n')
    done = hil_test(own_run, "--data", corpus, "--split", "all", "--limit", 1)
    assert (done.returncode, "the build id is" in done.stderr) == (4, True), done.stderr


def test_several_boards_score_the_same_clips(dut: Callable[..., DUT], own_run: Path, corpus: Path) -> None:
    for board in ("host", "mps2-an386"):
        dut(board)
    done = hil_test(own_run, "--data", corpus, "--split", "all", "--limit", 9, board="host,mps2-an386")
    assert done.returncode == 0, done.stderr
    results = [ProofResult.read(ProofResult.path_of(own_run, board)) for board in ("host", "mps2-an386")]
    assert [result.clips for result in results] == [9, 9]
    assert results[0].confusion == results[1].confusion
    refused = hil_test(own_run, "--port", "/dev/null", board="host,mps2-an386")
    assert (refused.returncode, "--port is the line of one board" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--feed", "semihosting"], 2, "--feed semihosting needs an emulator"),
        (["--faults", "drip=1"], 2, "'drip' is not known"),
        (["--baud", "9600"], 2, "--baud is of no use without --port"),
        (["--port", "/dev/null"], 2, "board host is this computer and has no port"),
        (["--min-accuracy", "90"], 2, "--min-accuracy is 90, expected a share of 0 to 1"),
        ([], 2, "the firmware proof is not there; leave out --no-build"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) and value else "",
)
def test_mistakes(own_run: Path, arguments: list[str], code: int, message: str) -> None:
    done = hil_test(own_run, *arguments)
    assert done.returncode == code
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
