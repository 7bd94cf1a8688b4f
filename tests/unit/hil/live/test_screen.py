"""The picture fits any terminal, whatever the labels."""

import re

import pytest
from rich.cells import cell_len

from hil.live.detector import Detection
from hil.live.level import Level
from hil.live.screen import LabelScore, State, picture
from train.core.console import screen

NAMES = ("_silence_", "größe", "灯をつけて", "a name that is longer than most of them", "x")


def state(label_count: int, threshold: int = 200) -> State:
    return State(
        title="listening to a microphone with a long name for 12.3 s, sound lost 3 times",
        level=Level(-30.0, -0.5, is_clipped=True),
        is_clipped=True,
        labels=[
            LabelScore(f"{i}{NAMES[i % 5]}", mean=8 * i % 256, now=99, threshold=threshold)
            for i in range(label_count)
        ],
        latest=[Detection(61_234 + 1000 * i, 2, f"word{i}", 230, 200) for i in range(50)],
    )


def text(state: State, columns: int, rows: int, is_ascii: bool = False) -> str:
    """What is to be shown, before it is cut to the columns."""
    return "\n".join("".join(part.text for part in line) for line in picture(state, columns, rows, is_ascii))


@pytest.mark.parametrize("label_count", [3, 12, 30, 200])
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 24), (40, 12), (20, 6), (10, 3), (200, 60)])
def test_a_terminal_is_filled_and_given_back(
    label_count: int,
    columns: int,
    rows: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", columns), ("LINES", rows)):
        monkeypatch.setenv(name, str(value))
    with screen() as draw:
        draw(lambda *room: picture(state(label_count), *room))
    said = capsys.readouterr().out
    assert said.startswith("\x1b[?1049h")
    assert said.endswith("\x1b[?1049l\x1b[?25h")
    lines = re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", said).split("\n")
    assert [cell_len(line) for line in lines] == [columns] * rows


ROOMY = [(4, 80, 24), (30, 80, 24), (30, 60, 24), (4, 40, 14)]


@pytest.mark.parametrize(("label_count", "columns", "rows"), ROOMY)
def test_there_is_room_for_all_of_it(label_count: int, columns: int, rows: int) -> None:
    found = text(state(label_count), columns, rows)
    lines = found.split("\n")
    assert found.count("│") == label_count + 1, "a threshold for each label, and the legend"
    assert "more labels" not in found
    for number in range(label_count):
        assert f"{number}{NAMES[number % 5]}"[:4] in found
    assert "1:50.234  word49  230 over 200" in found, "the newest detection"
    assert ("CUT OFF: too loud" in lines[1][:columns]) is (columns >= 60)
    rest = [line for line in lines[2:] if not line.startswith("heard")]
    assert all(cell_len(line.rstrip()) <= columns for line in rest)
    assert found.index("word49") < found.index("word48")


def test_labels_without_room_are_counted() -> None:
    found = text(state(200), 80, 24)
    assert found.count("│") - 1 + int(found.split("and ")[1].split(" more labels")[0]) == 200


def test_bars() -> None:
    labels = [LabelScore("yes", 128, 255, 200), LabelScore("no", 255, 0, 255), LabelScore("up", 0, 0, 0)]
    lines = text(State("", Level(), False, labels, []), 25, 24, is_ascii=True).split("\n")
    assert lines[1] == "level       -100 dBFS, peak -100"
    assert [line.rstrip() for line in lines[3:6]] == [
        "yes #########----|--- 128",
        "no  ################# 255",
        "up  |                   0",
    ]


def test_ascii_terminals_get_ascii() -> None:
    labels = [LabelScore("yes", 128, 255, 200)]
    assert text(State("t", Level(), False, labels, []), 80, 24, is_ascii=True).isascii()
