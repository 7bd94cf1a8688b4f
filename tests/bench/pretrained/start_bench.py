"""Own words from few recordings, with and without --start-from: make bench-start.

Each set of words is trained from 5, 10 and 30 recordings a word, alone and with synthetic voices beside them,
and from voices alone; tested on clips of speakers who are in no set. The model to begin with has never heard
these words. Finished runs are kept. Writes out/bench/start.json and the table in docs/OWN_WORDS.md; --alone
leaves out the runs with voices, which take most of the time.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of what all benchmarks share
import document_table
import few_recordings
from recipes import LEFT_OUT  # beside this file
from sweep import Run, check_recordings

from train.core import console, runfolder
from train.core.results.training import Metrics
from train.settings.presets import WORDS
from train.training.start import NOTHING

_COUNTS = (5, 10, 30)
_SETS = tuple(",".join(LEFT_OUT[first : first + 3]) for first in (0, 3))
_SEED = 59185
_OUT, _RESULT = Path("out/start"), Path("out/bench/start.json")
_FLAGS = "--preset best --recipe strong --false-accepts-per-hour 60"
_VOICES = "--data synthetic --synthetic-clips 400"
_SHORT = "--bank-clips 20000 --average-steps 150 --training-steps 1500"  # where voices are heard, too

Row = dict[str, Any]


def main() -> None:
    """Train what is not there, and write what there is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alone", action="store_true", help="without synthetic voices")
    flags = parser.parse_args()
    check_recordings()
    for words in _SETS:
        few_recordings.write(_OUT / words, tuple(words.split(",")), _COUNTS)
    planned = [pair for words in _SETS for pair in _runs(words)]
    for run, row in planned:
        if not (flags.alone and row["voices"]):
            run.finish()
    rows = [row | _figures(run) for run, row in planned if run.is_finished]
    runfolder.write_json(_RESULT, rows)
    document_table.write("OWN_WORDS.md", "make bench-start", table(rows))
    console.say(f"{_RESULT}  docs/OWN_WORDS.md")


def _figures(run: Run) -> Row:
    int8 = Metrics.read(run.folder / runfolder.METRICS).int8
    assert int8 is not None
    return {"accuracy": int8.accuracy, "interval": int8.interval, "clips": int8.clips, "label": "host"}


def table(rows: list[Row]) -> str:
    """A line for each set of words and number of recordings, a column for each way to begin."""
    ways = [(voices, start) for voices in (False, True) for start in (NOTHING, WORDS)]
    heads = [f"{'with voices, ' if voices else ''}from {start}" for voices, start in ways]
    lines = [f"| words | recordings of each | {' | '.join(heads)} | test clips |", "|---|---|" + "---|" * 5]
    for words, count in dict.fromkeys((row["words"], row["recordings"]) for row in rows):
        of_both = {
            (row["voices"], row["start"]): row
            for row in rows
            if (row["words"], row["recordings"]) == (words, count)
        }
        cells = [f"{100 * of_both[way]['accuracy']:.1f} %" if way in of_both else "–" for way in ways]
        clips = next(iter(of_both.values()))["clips"]
        lines.append(f"| {words} | {count} | {' | '.join(cells)} | {clips} |")
    return "\n".join(lines)


def _runs(words: str) -> Iterator[tuple[Run, Row]]:
    test = _OUT / words / few_recordings.TEST
    for count in (0, *_COUNTS):
        for with_voices in (False, True) if count else (True,):
            clips = f"--data {_OUT / words / str(count)}"
            voices = f"{_VOICES} {clips}@0.3" if count else _VOICES
            data = f"{voices} {_SHORT}" if with_voices else clips
            for start in (NOTHING, WORDS):
                flags = f"--words {words} {data} --test-data {test} {_FLAGS} --start-from {start}"
                folder = _OUT / f"{words}-{count}-{'voices' if with_voices else 'alone'}-{start}"
                yield (
                    Run.of("start", folder, flags, _SEED),
                    {"words": words, "recordings": count, "voices": with_voices, "start": start},
                )


if __name__ == "__main__":
    console.run(main)
