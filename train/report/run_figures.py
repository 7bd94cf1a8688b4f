"""All that is known of one run, read to be compared with others; and whether two were asked the same."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from train.core import runfolder
from train.core.errors import UserError, typed
from train.core.layout import TESTING
from train.core.manifest import read_manifest
from train.core.metrics import mcnemar
from train.core.operating_point import OperatingPoints, read_points
from train.core.results.belonging import read_metrics
from train.core.results.boards import BoardFigures
from train.core.results.training import Metrics, Mistake, MistakeList
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL, ModelSpec
from train.report.measured import read_boards


@dataclass(frozen=True)
class RunFigures:
    """A run.

    Attributes:
        arena_bytes: by engine, of the generated C.
        points: None where no operating point was measured.
        mistakes: all of the int8 model on the test clips; None where the list is not there, or not whole.
        left_out: files that are about another model, and why they are.
    """

    run: Path
    spec: ModelSpec
    metrics: Metrics
    arena_bytes: dict[str, int]
    points: OperatingPoints | None
    boards: Sequence[BoardFigures]
    mistakes: Sequence[Mistake] | None
    left_out: Sequence[str]

    @property
    def test_corpus(self) -> tuple[str, str]:
        """Name and hash of what test clips are of; of another corpus than was trained on, the name alone."""
        corpus = self.metrics.corpus
        is_own = corpus.tested_on == corpus.name
        return corpus.tested_on, corpus.sha256.partition("+")[0] if is_own else ""

    @property
    def drawn(self) -> tuple[object, ...]:
        """What other words and silence are chosen by, and how many clips there are of each label."""
        chosen = (self.metrics.settings.get(f"sampling.{name}_percentage") for name in ("silence", "unknown"))
        counts = self.metrics.corpus.clips.get(TESTING, {})
        return (self.metrics.seed, *chosen, *sorted(counts.items()))


def read_run(run: Path) -> RunFigures:
    """The figures of a run folder.

    Raises:
        UserError: there is no run, it is not finished, or a file of it is not as expected.
    """
    with runfolder.reading(run):
        return _read_run(run)


def _read_run(run: Path) -> RunFigures:
    if not run.is_dir():
        raise UserError(f"{run}: there is no such folder")
    if (run / runfolder.JOB).is_file() and not (run / runfolder.METRICS).is_file():
        raise UserError(
            f"{run}: is not finished; wait for it, or go on with: earshot train --resume {typed(run)}"
        )
    spec = runfolder.read_spec(run)
    metrics = read_metrics(run, spec)
    if not metrics.by_kind:
        raise UserError(f"{run / runfolder.METRICS}: holds no result; train again")
    model_sha256 = spec.artefacts.get(runfolder.TFLITE, "")
    boards, others = read_boards(run, model_sha256)
    left_out = list(others)
    points, arena_bytes = None, {}
    try:
        if (run / runfolder.OPERATING_POINTS).is_file():
            points = read_points(run, spec)
    except UserError as error:
        left_out.append(str(error))
    try:
        if (run / runfolder.C_SOURCES).is_dir():
            arena_bytes = _arena_bytes(run, model_sha256)
    except UserError as error:
        left_out.append(str(error))
    return RunFigures(
        run, spec, metrics, arena_bytes, points, boards, _mistakes(run, spec, metrics), left_out
    )


def _arena_bytes(run: Path, model_sha256: str) -> dict[str, int]:
    remedy = f"make it with: earshot codegen {typed(run)}"
    folder = run / runfolder.C_SOURCES
    manifest = read_manifest(folder, remedy)
    if manifest.model_sha256 != model_sha256:
        raise UserError(f"{folder}: is of another {runfolder.TFLITE}; {remedy}")
    return dict(manifest.arena_bytes)


def _mistakes(run: Path, spec: ModelSpec, metrics: Metrics) -> Sequence[Mistake] | None:
    path = run / runfolder.MISTAKES / runfolder.MISTAKES_LIST
    if metrics.int8 is None or not path.is_file():
        return None
    mistakes = MistakeList.read(path).mistakes
    found = Counter((item.label, item.predicted) for item in mistakes)
    expected = Counter(
        {
            (said, heard): clips
            for said, row in zip(spec.labels, metrics.int8.confusion, strict=False)
            for heard, clips in zip(spec.labels, row, strict=False)
            if said != heard and clips
        }
    )
    return mistakes if found == expected else None


@dataclass(frozen=True)
class Pair:
    """Two runs on the same clips, int8.

    Attributes:
        clips: that both were tested on.
        only_first, only_second: that one of the two has right and the other has not.
        without: labels whose clips are not compared, as they are drawn or made anew in each run.
    """

    clips: int
    only_first: int
    only_second: int
    without: tuple[str, ...]

    @property
    def chance(self) -> float:
        """How often chance alone makes such a difference, 0 to 1."""
        return mcnemar(self.only_first, self.only_second)


def differing(first: RunFigures, second: RunFigures) -> list[str]:
    """What keeps the accuracies of two runs from being compared; nothing where they were asked the same."""
    found = [] if set(first.spec.labels) == set(second.spec.labels) else ["words"]
    found += [] if first.test_corpus == second.test_corpus else ["corpus"]
    if not found and first.drawn != second.drawn:
        found = ["seed or shares of other words and silence"]
    return found


def pair(first: RunFigures, second: RunFigures) -> Pair | None:
    """Two runs clip by clip; None where they have no clips in common, or did not keep what they got wrong."""
    differences = differing(first, second)
    if "words" in differences or "corpus" in differences:
        return None
    if first.mistakes is None or second.mistakes is None:
        return None
    without = (SILENCE_LABEL, UNKNOWN_LABEL) if differences else (SILENCE_LABEL,)
    counts = first.metrics.corpus.clips.get(TESTING, {})
    wrong = [
        {mistake.source for mistake in run.mistakes or () if mistake.label not in without}
        for run in (first, second)
    ]
    if "" in wrong[0] | wrong[1]:  # files of old runs do not name them
        return None
    clips = sum(number for label, number in counts.items() if label not in without)
    return Pair(clips, len(wrong[1] - wrong[0]), len(wrong[0] - wrong[1]), without)
