"""What a board says, over a real serial port of this computer."""

import os

import pytest

from hil.link.board_lines import BoardHeard, board_lines, heard_in
from hil.link.link import LinkError
from hil.link.serial_link import SerialLink


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Heard yes (235) @1290ms", BoardHeard("yes", 235, 1290)),
        ("Heard turn on (7) @4294967295ms\r", BoardHeard("turn on", 7, 4_294_967_295)),
        ("Heard größe (0) (201) @0ms", BoardHeard("größe (0)", 201, 0)),
        ("Heard _unknown_ (201) @5ms", BoardHeard("_unknown_", 201, 5)),
        ("earshot host ready", None),
        ("Heard yes (235)", None),
        ("xHeard yes (235) @1290ms", None),
        ("", None),
    ],
)
def test_lines(line: str, expected: BoardHeard | None) -> None:
    assert heard_in(line) == expected


def test_a_board_is_read_until_it_is_gone() -> None:
    board, port = os.openpty()
    link = SerialLink(os.ttyname(port), 115_200)
    os.close(port)
    os.write(board, "ready\r\nHeard größe (2".encode())
    found = board_lines(link)
    assert next(found) == "ready"
    os.write(board, b"35) @1290ms\r\n" + b"x" * 1500 + b"\nend\n")
    assert heard_in(next(found)) == BoardHeard("größe", 235, 1290)
    rest = ""
    while (line := next(found)) != "end":
        rest += line
    assert rest == "x" * 1500
    os.close(board)
    with pytest.raises(LinkError, match="the connection was lost"):
        list(found)
    link.close()
