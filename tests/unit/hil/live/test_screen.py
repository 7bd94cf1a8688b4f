"""The picture fits any terminal, whatever the labels."""

import pytest
from rich.cells import cell_len

from hil.live.detector import Detection
from hil.live.level import Level
from hil.live.screen import LabelScore, State, picture

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


@pytest.mark.parametrize("label_count", [3, 4, 12, 30, 200])
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 24), (40, 12), (20, 6), (10, 3), (200, 60)])
def test_it_fits(label_count: int, columns: int, rows: int) -> None:
    for is_ascii in (False, True):
        lines = picture(state(label_count), columns, rows, is_ascii).plain.split("\n")
        assert len(lines) <= rows
        assert max(map(cell_len, lines)) <= columns


ROOMY = [(4, 80, 24), (30, 80, 24), (30, 60, 24), (4, 40, 14)]


@pytest.mark.parametrize(("label_count", "columns", "rows"), ROOMY)
def test_there_is_room_for_all_of_it(label_count: int, columns: int, rows: int) -> None:
    text = picture(state(label_count), columns, rows, is_ascii=False).plain
    lines = text.split("\n")
    assert text.count("│") == label_count + 1, "a threshold for each label, and the legend"
    assert "more labels" not in text
    for number in range(label_count):
        assert f"{number}{NAMES[number % 5]}"[:4] in text
    assert "1:50.234  word49  230 over 200" in text, "the newest detection"
    assert ("CUT OFF: too loud" in lines[1]) is (columns >= 60)
    assert text.index("word49") < text.index("word48")


def test_labels_without_room_are_counted() -> None:
    text = picture(state(200), 80, 24, is_ascii=False).plain
    assert text.count("│") - 1 + int(text.split("and ")[1].split(" more labels")[0]) == 200


def test_bars() -> None:
    labels = [LabelScore("yes", 128, 255, 200), LabelScore("no", 255, 0, 255), LabelScore("up", 0, 0, 0)]
    lines = picture(State("", Level(), False, labels, []), 25, 24, is_ascii=True).plain.split("\n")
    assert lines[1] == "level       -100 dBFS, peak -100"[:25]
    assert lines[3:6] == [
        "yes #########----|--- 128",
        "no  ################# 255",
        "up  |                   0",
    ]


def test_ascii_terminals_get_ascii() -> None:
    text = picture(State("t", Level(), False, [LabelScore("yes", 128, 255, 200)], []), 80, 24, True).plain
    assert text.isascii()
