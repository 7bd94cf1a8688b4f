"""Host and board agree on a rate: on a line as slow as its rates say, that is noise where the two differ."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clocked_line import ClockedLine
from emulator.proof_lines import accept_anything, check_all_right

from hil.boards.build import PROOF
from hil.link.patience import Patience
from hil.link.serial_link import SerialLink
from hil.proof.dut import DUT
from hil.proof.expected_clips import ClipSet
from hil.proof.proof import prove
from hil.protocol.connection import Conversation
from hil.protocol.faster_line import FasterLine
from hil.protocol.line_messages import CheckRequest, Line, Rate, RateRequest
from hil.protocol.messages import Info, InfoRequest, Reset
from hil.protocol.session import Session
from train.core.results.boards import LinkStatistics

FIRST, FAST = 115_200, 1_000_000
PATIENCE = Patience(8.0)
LEASE_S = 0.8
LATE_S = 0.8  # beyond a lease, for settling and a busy computer

pytestmark = [pytest.mark.emulator, pytest.mark.usefixtures("time_limit")]


class LosingLink(SerialLink):
    """Loses answers of a type, so many times; ``refuses``: rates that the adapter has not."""

    losing, times = 0, 0
    refuses: tuple[int, ...] = ()

    def receive(self, timeout_s: float) -> bytes:
        """See ``Link.receive``."""
        data = super().receive(timeout_s)
        frames = data.split(b"\0")
        kept = []
        for frame in frames:
            if self.times > 0 and len(frame) > 1 and frame[1] == self.losing:
                self.times -= 1
                continue
            kept.append(frame)
        return b"\0".join(kept)

    def settable(self, rates):
        """See ``RatedLink.settable``."""
        return [rate for rate in super().settable(rates) if rate not in self.refuses]


@pytest.fixture
def line(firmware: Callable[..., Path], run_folder: Path) -> Iterator[ClockedLine]:
    """A board on a line, as it starts."""
    with ClockedLine([firmware("host", PROOF, run_folder / "c")]) as line:
        yield line


def talk(port: str, most_baud: int = FAST, **faults: int) -> tuple[Conversation, FasterLine, LosingLink]:
    """A conversation that has agreed."""
    link = LosingLink(port, FIRST)
    for name, value in faults.items():
        setattr(link, name, value)
    conversation = Conversation(link, LinkStatistics(), PATIENCE)
    conversation.ask(InfoRequest(), Info)
    return conversation, FasterLine(conversation, link, PATIENCE, most_baud), link


def test_a_board_is_proven_at_a_higher_rate_with_packed_audio(
    line: ClockedLine, dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path
) -> None:
    setting = dataclasses.replace(dut(), open_link=lambda: SerialLink(line.port, FIRST))
    result = prove(setting, clip_set, own_run, False)
    check_all_right(result, clip_set)
    assert result.scores_differing == 0
    assert result.clips_per_s > 1, "115,200 baud carry 0.35"


def test_the_fastest_that_all_three_can(line: ClockedLine) -> None:
    conversation, faster, _ = talk(line.port, 2_000_000)
    assert (faster.baud, faster.packs) == (2_000_000, True)
    conversation.close()
    conversation, faster, _ = talk(line.port, FAST, refuses=(1_000_000,))
    assert faster.baud == 921_600, "given back, and agreed on anew"
    conversation.close()
    conversation, faster, _ = talk(line.port, FIRST)
    assert faster.baud == FIRST
    conversation.close()


@pytest.mark.parametrize("kind", [Rate.TYPE, Line.TYPE, CheckRequest.TYPE])
@pytest.mark.parametrize("times", [1, 3])
def test_lost_answers_part_the_two_for_no_longer_than_a_lease(
    line: ClockedLine, kind: int, times: int
) -> None:
    losing = {CheckRequest.TYPE: 3}.get(kind, kind)  # the answer has another number
    conversation, faster, link = talk(line.port, losing=losing, times=times)
    link.times = 0
    started_s = time.monotonic()
    assert conversation.ask(InfoRequest(), Info).board_id == "host"
    assert time.monotonic() - started_s < LEASE_S + LATE_S
    assert faster.baud in (FIRST, 230_400, 460_800, 921_600, FAST)
    conversation.close()


def test_who_goes_without_a_word_leaves_the_board_no_longer_than_a_lease(line: ClockedLine) -> None:
    _, faster, link = talk(line.port)
    assert faster.baud == FAST
    link.close()
    again = Conversation(SerialLink(line.port, FIRST), LinkStatistics(), PATIENCE)
    started_s = time.monotonic()
    assert again.ask(InfoRequest(), Info).board_id == "host"
    assert time.monotonic() - started_s < LEASE_S + LATE_S
    again.close()


def test_a_pause_longer_than_the_lease_costs_an_agreement(line: ClockedLine) -> None:
    conversation, faster, _ = talk(line.port)
    for pause_s in (0.3 * LEASE_S, 0.9 * LEASE_S, 3 * LEASE_S):
        time.sleep(pause_s)
        assert conversation.ask(InfoRequest(), Info).board_id == "host"
        assert faster.baud == FAST
    conversation.close()


def test_a_board_that_restarts_is_met_at_the_first_rate(line: ClockedLine, clip_set: ClipSet) -> None:
    def open_link() -> SerialLink:
        return SerialLink(line.port, FIRST)

    with Session(open_link, accept_anything, PATIENCE, FAST) as session:
        results = session.score(clip_set.clips(range(3)))
        first = next(results)
        session._open_line().send(session._open_line().encode_next(Reset()))
        found = [first, *results]
        assert [result.failure for result in found] == ["", "", ""]
        assert session._faster.baud > FIRST
        for index, result in enumerate(found):
            assert result.scores is not None
            if result.features is None:
                assert result.scores.tolist() == clip_set.scores[index].tolist()


def test_a_rate_that_the_board_has_not_is_refused(line: ClockedLine) -> None:
    conversation, _, _ = talk(line.port, FIRST)
    assert conversation.ask_once(RateRequest(3_000_000, 1000), Rate, 1.0) is None
    assert conversation.was_refused
    conversation.close()
