"""After flashing: the board says what it runs, on a fake line. No board."""

import contextlib

import pytest
from fake_flash import FlashedBoard

from hil.boards import flash as flash_module
from hil.boards.board import load_board
from hil.boards.flash import check_running
from hil.link.link import LinkError
from hil.link.patience import Patience
from train.core.errors import UserError


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
