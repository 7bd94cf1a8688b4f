"""Whatever a board does, and however long, each wait ends in one true line, and memory stays as it is."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from fake_board import BEHAVIOURS, LATER
from fake_boards import FakeBoards, own_memory_mb

from hil.boards.board import load_board
from hil.boards.flash import check_running
from hil.link import board_lines as lines
from hil.link.link import LinkError
from hil.link.patience import Patience
from hil.protocol.connection import FirmwareError
from hil.protocol.session import Session
from hil.protocol.transfers.clip import ClipToScore
from hil.protocol.transfers.stream import StreamTransfer
from hil.recording.board_microphone import BoardMicrophone
from train.core.errors import UserError

CLIP = ClipToScore(bytes(range(1, 251)) * 16, 0)  # four frames
STREAM = np.ones(2000, np.int16)
MOST_MB = 25  # that a flood leaves
PATIENCE, PATIENT = Patience(0.4), Patience(1.0)
SILENCE = "nothing was heard for 0.4 s; is the board powered"
NO_FRAME = "bytes came, but no frame and no text"

# Behaviour: what a session makes of it. FirmwareError: somebody is there, but not who should be.
FIRST: dict[str, tuple[type[UserError], str]] = {
    "mute": (LinkError, SILENCE),
    "flood of text": (FirmwareError, "another program is running there, which says: hello, I am another"),
    "flood of text without an end": (LinkError, NO_FRAME),
    "flood of bytes": (LinkError, NO_FRAME),
    "flood of zeros": (LinkError, NO_FRAME),
    "flood of frames": (LinkError, r"sent [\d,]+ frames in 0.4 s, but none that brings anything further"),
    "flood of half frames": (LinkError, NO_FRAME),
    "flood of frames that are too long": (LinkError, NO_FRAME),
    "flood of logs": (LinkError, r"sent [\d,]+ frames in 0.4 s"),
    "restarts for ever": (LinkError, r"restarted [\d,]+ times in 0.4 s; is its power supply"),
    "restarts now and then": (LinkError, rf"fell silent|restarted|{NO_FRAME}"),
    "one byte a second": (LinkError, rf"{NO_FRAME}|fell silent|sent \d+ frames"),
    "answers of earlier": (LinkError, r"sent [\d,]+ frames"),
    "no to everything": (FirmwareError, r"refused request 01 \(no\)"),
    "busy for ever": (FirmwareError, r"refused request 01 \(no\)"),
    "frames that are no message": (FirmwareError, "/dev/pts/.*: Info of 1 bytes, expected at least"),
    "dies": (LinkError, "the connection was lost .*; was the board unplugged"),
    "dies in the middle of a frame": (LinkError, "the connection was lost"),
}


@pytest.fixture(scope="module")
def boards() -> Iterator[FakeBoards]:
    with FakeBoards() as found:
        yield found


def check_end(work: Callable[[], object], kind: type[UserError], message: str, limit_s: float) -> None:
    """It ends with that error, in time, and leaves nothing."""
    before_mb, started_s = own_memory_mb(), time.monotonic()
    with pytest.raises(kind, match=message) as caught:
        work()
    assert time.monotonic() - started_s < limit_s
    assert own_memory_mb() - before_mb < MOST_MB
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert caught.value.exit_code in (3, 4)


def accept(*_: object) -> None:
    pass


def test_the_table_has_every_behaviour() -> None:
    assert FIRST.keys() == BEHAVIOURS.keys()
    assert {row[0] for row in LATEST} == LATER.keys()


@pytest.mark.parametrize("behaviour", FIRST)
def test_a_session_begins_or_not(boards: FakeBoards, behaviour: str) -> None:
    kind, message = FIRST[behaviour]
    check_end(lambda: Session(lambda: boards.link(behaviour), accept, PATIENCE), kind, message, 8)


@pytest.mark.parametrize("behaviour", ["mute", "flood of text", "flood of frames", "dies"])
@pytest.mark.parametrize("who", ["flash", "microphone"])
def test_so_does_everybody_else(boards: FakeBoards, who: str, behaviour: str) -> None:
    def work() -> object:
        if who == "microphone":
            return BoardMicrophone(boards.link(behaviour), PATIENCE)
        return check_running(load_board("host"), "b1", lambda: boards.link(behaviour), PATIENCE)

    check_end(work, *FIRST[behaviour], 8)


def clips(session: Session) -> None:
    for result in session.score([CLIP] * 50):
        assert result.failure


def stream(session: Session) -> None:
    session.listen(StreamTransfer(STREAM, 5, 4))


def bench(session: Session) -> None:
    session.bench(10)


NOTHING_NEW = r"sent [\d,]+ frames in [\d.]+ s, but none that brings anything further"
FAILED = "5 clips in a row failed: given up after"
LATEST = [
    ("mute later", clips, LinkError, "fell silent: no answer for"),
    ("mute later", bench, LinkError, "fell silent: no answer for 1 s"),
    ("not there", clips, LinkError, f"{FAILED} 6 starts: the board says: no"),
    ("not there", stream, LinkError, "given up after 6 starts: the board says: no"),
    ("not there", bench, FirmwareError, r"refused request 0e \(no\)"),
    ("refused", clips, FirmwareError, "refused request 04"),
    ("refused", stream, FirmwareError, "refused request 08"),
    ("gap for ever", clips, LinkError, f"{FAILED} 100 retries|{NOTHING_NEW}"),
    ("gap for ever", stream, LinkError, f"given up after 100 retries|{NOTHING_NEW}"),
    ("incomplete for ever", stream, LinkError, f"given up after 100 retries|{NOTHING_NEW}"),
    ("had it already, for ever", clips, LinkError, NOTHING_NEW),
    ("had it already, for ever", stream, LinkError, NOTHING_NEW),
    ("ahead of the audio", clips, LinkError, "is at sample 4294967295, which was never sent"),
    ("ahead of the audio by a lot", clips, LinkError, "is at sample 2000000000, which was never sent"),
    ("ahead of the audio by a lot", stream, LinkError, "is at sample 2000000000, which was never sent"),
    ("told of too many words", stream, LinkError, "heard 4294967295 words, but told only 0 of them"),
    ("results that lie", clips, LinkError, f"{FAILED} 6 starts: the board has audio with CRC"),
    ("results that lie", stream, LinkError, "heard 4294967295 words"),
    ("words without end", stream, LinkError, f"{NOTHING_NEW}|fell silent"),
    ("a label that is not there", stream, LinkError, "the board heard label 200, but has 4"),
    ("restarts at each request", clips, LinkError, f"{FAILED} 6 starts: the board restarted"),
    ("restarts at each request", stream, LinkError, "6 starts: the board restarted"),
    ("restarts at each request", bench, LinkError, r"restarted \d+ times in 1 s"),
    ("logs for each request", clips, LinkError, r"sent [\d,]+ frames in"),
    ("frames for each request", clips, LinkError, r"sent [\d,]+ frames in"),
    ("answers of earlier, later", clips, LinkError, r"sent [\d,]+ frames in"),
    ("answers of earlier, later", bench, LinkError, r"sent [\d,]+ frames in 1 s"),
    ("odd bytes of sound", None, FirmwareError, "tells 7 bytes from sample 0 on, expected 16-bit samples"),
    ("sound of before", None, FirmwareError, "tells 8 bytes from sample 0 on, expected .* from 4 on"),
    ("sound of nothing", None, FirmwareError, "the microphone gives no samples: none for 1 s"),
]


@pytest.mark.parametrize(
    ("behaviour", "work", "kind", "message"),
    LATEST,
    ids=[f"{row[0]}: {getattr(row[1], '__name__', 'record')}" for row in LATEST],
)
def test_what_goes_wrong_later(
    boards: FakeBoards,
    behaviour: str,
    work: Callable[[Session], None] | None,
    kind: type[UserError],
    message: str,
) -> None:
    def at_work() -> None:
        if work is None:
            for _ in BoardMicrophone(boards.link(behaviour), PATIENT).pieces():
                pass
            return
        with Session(lambda: boards.link(behaviour), accept, PATIENT) as session:
            work(session)

    check_end(at_work, kind, message, 20)


def test_a_board_that_only_listens_may_be_silent_but_not_say_everything(
    boards: FakeBoards, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``earshot listen --port`` has no end of its own."""

    def hear(behaviour: str) -> None:
        for _ in lines.board_lines(boards.link(behaviour)):
            pass

    garbage = r"bytes came that are no text \(such as .*; is the baud rate right"
    check_end(lambda: hear("flood of bytes"), LinkError, garbage, 8)
    monkeypatch.setattr(lines, "_MOST_BYTES", 200_000)
    check_end(lambda: hear("flood of text"), LinkError, r"writes without pause, [\d,]+ bytes in less than", 8)
