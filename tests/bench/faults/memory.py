"""How much memory processes take, looked at while something else goes on."""

import statistics
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

_EVERY_S = 0.5


class Memory:
    """Anonymous memory of processes: what they have of files is no growth. A context manager."""

    def __init__(self, pids: Mapping[str, Callable[[], int | None]]) -> None:
        """``pids``: who is looked at, by name; None where nobody is there now."""
        self._pids = pids
        self._samples_mb: dict[str, list[float]] = {name: [] for name in pids}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def figures(self) -> dict[str, dict[str, float]]:
        """Of each: the peak, and how much the last quarter has more than the second, medians; in MB."""
        found = {}
        for name, samples in self._samples_mb.items():
            quarter = len(samples) // 4
            growth = 0.0
            if quarter:
                growth = statistics.median(samples[-quarter:]) - statistics.median(
                    samples[quarter : 2 * quarter]
                )
            found[name] = {"peak_mb": round(max(samples, default=0), 1), "growth_mb": round(growth, 2)}
        return found

    def _look(self) -> None:
        while not self._is_over.wait(_EVERY_S):
            for name, pid in self._pids.items():
                if (megabytes := anonymous_mb(pid())) is not None:
                    self._samples_mb[name].append(megabytes)


def anonymous_mb(pid: int | None) -> float | None:
    """Of a process; None where there is none."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    values = [int(line.split()[1]) for line in lines if line.startswith("RssAnon:")]
    return values[0] / 1024 if values else None
