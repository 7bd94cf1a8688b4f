"""One line of progress, at every width."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from train.core.terminal.progress_line import ProgressLine


def line(width: int, name: str, done: int, total: int, note: str = "", seconds: float = 0.0) -> str:
    """What a terminal of that width shows after so many seconds."""
    now = [0.0]
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    progress = Progress(ProgressLine(lambda: width), console=console, get_time=lambda: now[0])
    task = progress.add_task(name, total=total, note=note)
    for part in (0.5, 1.0):
        now[0] = seconds * part
        progress.update(task, completed=done * part)
    with console.capture() as shown:
        console.print(progress.get_renderable())
    return shown.get().rstrip()


NOTE = "loss 0.123 accuracy 93.4%"


@pytest.mark.parametrize(
    ("width", "has_bar", "end"),
    [
        (100, True, "12000/15000 loss 0.123 accuracy 93.4% 0:20, 0:05 left"),
        (80, True, "12000/15000 loss 0.123 accuracy 93.4% 0:20, 0:05 left"),
        (60, True, "12000/15000 0:20, 0:05 left"),
        (40, False, "12000/15000 0:20, 0:05 left"),
        (30, False, "12000/15000 0:05 left"),
    ],
)
def test_step_time_and_what_is_left_are_never_cut(width, has_bar, end):
    shown = line(width, "training", 12000, 15000, NOTE, 20)
    assert shown.startswith("training ")
    assert shown.endswith(f" {end}")
    assert ("━" in shown) is has_bar
    assert len(shown) <= width


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize(
    "name", ["netduinoplus2 listens (seconds)", "downloading speech_commands_v0.02.tar.gz, MB"]
)
def test_long_names_are_cut_instead(width, name):
    shown = line(width, name, 7, 3600, "", 3600 * 5)
    assert len(shown) < width
    assert "   7/3600 " in shown
    assert shown.endswith(" left")
