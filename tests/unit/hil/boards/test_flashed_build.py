"""After flashing: the board says what it runs, on a fake line. No board."""

import contextlib

import pytest

from hil.boards import flash as flash_module
from hil.boards.board import load_board
from hil.boards.flash import check_running
from hil.link.link import LinkError
from hil.link.patience import Patience
from hil.protocol.codec import decode_request, encode
from hil.protocol.framing import Decoder, Frame
from hil.protocol.messages import Info, InfoRequest
from train.core.errors import UserError


class FlashedBoard:
    """A line to a board that runs ``proof``."""

    name = "/dev/ttyACM7"

    def __init__(self, build_id: str, board_id: str = "netduinoplus2") -> None:
        self._info = Info(
            1, 4, 16000, 49, 43, 2107, 5472, 4096, 0, -128, board_id, build_id, "compiled", "", ""
        )
        self._decoder = Decoder()
        self._replies = b""
        self.is_closed = False

    def send(self, data: bytes) -> None:
        for item in self._decoder.feed(data):
            assert isinstance(item, Frame)
            assert decode_request(item) == InfoRequest()
            self._replies += encode(self._info, item.sequence)

    def receive(self, timeout_s: float) -> bytes:
        replies, self._replies = self._replies, b""
        return replies

    def close(self) -> None:
        self.is_closed = True


def test_the_board_says_what_it_runs() -> None:
    line = FlashedBoard("c0ffee")
    check_running(load_board("netduinoplus2"), "c0ffee", lambda: line)
    assert line.is_closed


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (FlashedBoard("0ddba11"), "build id is 0ddba11, expected c0ffee"),
        (FlashedBoard("c0ffee", "mps2-an386"), "board is mps2-an386, expected netduinoplus2"),
    ],
)
def test_another_build_is_noticed(line: FlashedBoard, what: str) -> None:
    with pytest.raises(
        UserError, match=rf"/dev/ttyACM7: the {what}; the board runs something else"
    ) as caught:
        check_running(load_board("netduinoplus2"), "c0ffee", lambda: line)
    assert caught.value.exit_code == 4
    assert line.is_closed


def test_a_port_that_comes_back_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash_module, "_RETRY_S", 0)
    failures = iter([LinkError("gone"), LinkError("gone")])

    def open_link() -> FlashedBoard:
        with contextlib.suppress(StopIteration):
            raise next(failures)
        return FlashedBoard("c0ffee")

    check_running(load_board("netduinoplus2"), "c0ffee", open_link)
    assert next(failures, None) is None


def test_a_port_that_stays_away_is_given_up() -> None:
    def open_link() -> FlashedBoard:
        raise LinkError("no such port")

    with pytest.raises(LinkError, match="no such port"):
        check_running(load_board("netduinoplus2"), "c0ffee", open_link, Patience(0.1))
