"""How far a job is, on one line that is never cut, whatever the width of the terminal."""

from collections.abc import Callable

from rich.progress import ProgressColumn, Task
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

_MOST_BAR, _LEAST_BAR = 40, 8  # columns
_SHORTEST_NAME = 8


class ProgressLine(ProgressColumn):
    """The job, a bar, done of all, a note, time so far and time left.

    What does not fit is left out: first the note, then the bar, the time so far, the end of the job's name.
    """

    max_refresh = None

    def __init__(self, width: Callable[[], int]) -> None:
        """Of a terminal that wide, which is asked each time."""
        super().__init__()
        self._columns = width

    def render(self, task: Task) -> Table:
        """See above."""
        room = self._columns() - 1  # some terminals begin a new line when the last column is written
        name, note = task.description, str(task.fields.get("note", ""))
        total = str(int(task.total or 0))
        done = f"{int(task.completed):{len(total)}}/{total}"
        elapsed, left = _clock(task.finished_time or task.elapsed), f"{_clock(task.time_remaining)} left"
        time = f"{elapsed}, {left}"
        if len(f"{name} {done} {time}") > room:
            time = left
        name = _cut(name, max(_SHORTEST_NAME, room - len(f" {done} {time}")))
        room -= len(f"{name} {done} {time}")
        if note and len(note) + 1 > room:
            note = ""
        room -= len(note) + bool(note)
        parts: list[Text | ProgressBar] = [Text(name, no_wrap=True)]
        if room > _LEAST_BAR:
            bar = min(_MOST_BAR, room - 1)
            parts.append(ProgressBar(total=task.total, completed=task.completed, width=bar))
        parts += [Text(part, no_wrap=True) for part in (done, note, time) if part]
        line = Table.grid(padding=(0, 1, 0, 0))
        line.add_row(*parts)
        return line


def _clock(seconds: float | None) -> str:
    """Such as 1:05 or 2:00:00."""
    if seconds is None:
        return "-:--"
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
