"""Own words from few recordings, with and without --start-from: make bench-start, to out/bench/start.json.

Each set of words is trained from 5, 10 and 30 recordings a word, with synthetic voices beside them and
without, and from voices alone; on clips of speakers who are in no set. The models that a run starts from have
heard these words as other words, by other speakers: they have no output for them. Finished runs are kept.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of what all benchmarks share
import few_recordings
from sweep import Run, check_recordings

from train.core import console, runfolder
from train.core.results.training import Metrics

_COUNTS = (5, 10, 30)
_SETS = (("bed,cat,happy", "ten_words"), ("stop,go,left", "yes_no"))  # words, and the model to start from
_SEED = 59185
_OUT, _RESULT = Path("out/start"), Path("out/bench/start.json")
_FLAGS = "--preset micro --batch-size 64 --bank-clips 6000 --average-steps 100 --eval-step-interval 100"
_VOICES = "--data synthetic --synthetic-clips 400"


def main() -> None:
    """Train what is not there, and print the table."""
    check_recordings()
    rows = []
    for words, name in _SETS:
        few_recordings.write(_OUT / words, tuple(words.split(",")), _COUNTS)
        for run, row in _runs(words, name):
            run.finish()
            int8 = Metrics.read(run.folder / runfolder.METRICS).int8
            assert int8 is not None
            rows.append(row | {"accuracy": int8.accuracy, "interval": int8.interval, "clips": int8.clips})
            console.say(
                f"{row['words']:<16}{row['recordings']:>4} recordings  voices {row['voices']!s:<6}"
                f"start {row['start']!s:<10}{100 * int8.accuracy:.1f} % of {int8.clips}"
            )
    runfolder.write_json(_RESULT, rows)


def _runs(words: str, name: str) -> Iterator[tuple[Run, dict[str, object]]]:
    steps, test = os.environ.get("STEPS", "1500"), _OUT / words / few_recordings.TEST
    for count in (0, *_COUNTS):
        for with_voices in (False, True) if count else (True,):
            clips = f"--data {_OUT / words / str(count)}"
            data = clips if not with_voices else f"{_VOICES} {clips}@0.3" if count else _VOICES
            for start in (None, name):
                begin = f"--start-from {start}" if start else ""
                flags = f"--words {words} {data} --test-data {test} {_FLAGS} --training-steps {steps} {begin}"
                folder = _OUT / f"{words}-{count}-{'voices' if with_voices else 'alone'}-{start}"
                yield (
                    Run.of("start", folder, flags, _SEED),
                    {"words": words, "recordings": count, "voices": with_voices, "start": start},
                )


if __name__ == "__main__":
    console.run(main)
