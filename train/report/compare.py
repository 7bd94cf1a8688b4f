"""Runs side by side: their figures in rows, what they are worth beside each other, and the page of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from train.core import runfolder
from train.core.layout import TESTING
from train.core.manifest import COMPILED, TFLM
from train.core.operating_point import PointFigures
from train.core.results.boards import BenchResult, FirmwareSize
from train.core.results.training import ArtefactAccuracy
from train.core.spec import SILENCE_LABEL
from train.report import page
from train.report.page import SPACE, count, interval, percent, plain
from train.report.run_figures import RunFigures, differing, pair

NOTHING = "–"  # where a run has no such figure
MARK = "Earshot comparison"  # near the top of the page
_BENCH_PROGRAM = "proof"  # the program that earshot bench times
_NAMES_OF_FLAGS = {"front_end.name": "preprocess"}  # where settings say less by themselves


@dataclass(frozen=True)
class Cell:
    """A figure of a run.

    Attributes:
        detail: its interval, or what it is of.
        bounds: low, figure, high, to draw the interval.
    """

    text: str = NOTHING
    detail: str = ""
    bounds: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Row:
    """One figure of all runs; ``label``: how it was got, where that is not said of the section."""

    name: str
    cells: tuple[Cell, ...]
    label: str = ""

    @property
    def marks(self) -> list[tuple[float, float, float] | None]:
        """Of each cell where its interval begins, how wide it is, where the figure is: 0 to 1 of an axis."""
        found = [cell.bounds for cell in self.cells if cell.bounds]
        if not found:
            return [None] * len(self.cells)
        least, most = min(low for low, _, _ in found), max(high for _, _, high in found)
        width = (most - least) or 1.0
        return [
            cell.bounds
            and (
                (cell.bounds[0] - least) / width,
                (cell.bounds[2] - cell.bounds[0]) / width,
                (cell.bounds[1] - least) / width,
            )
            for cell in self.cells
        ]


@dataclass(frozen=True)
class Section:
    """Rows about one thing, and what there is to know to read them."""

    title: str
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """What is shown.

    Attributes:
        names: of the runs, as short as they can be told apart.
        cautions: what keeps figures from being compared, and files that were left out.
        pairs: runs clip by clip, a sentence each.
    """

    runs: tuple[Path, ...]
    names: tuple[str, ...]
    sections: tuple[Section, ...]
    cautions: tuple[str, ...]
    pairs: tuple[str, ...]


def compare(runs: Sequence[RunFigures]) -> Comparison:
    """Two runs or more, beside each other in the order given."""
    names = _names([run.run for run in runs])
    sections = (_accuracy(runs), _heard(runs), _sizes(runs), _work(runs), _settings(runs))
    cautions = [*_not_the_same(runs, names), *(why for run in runs for why in run.left_out)]
    return Comparison(
        runs=tuple(run.run for run in runs),
        names=names,
        sections=tuple(section for section in map(_without_empty_rows, sections) if section.rows),
        cautions=tuple(cautions),
        pairs=tuple(_pairs(runs, names)),
    )


def write_page(path: Path, comparison: Comparison, command: str) -> None:
    """The comparison as one HTML file, whole or not at all."""
    content = page.template("compare.html.j2").render(comparison=comparison, command=command, mark=MARK)
    runfolder.write_text(path, content)


def _names(runs: Sequence[Path]) -> tuple[str, ...]:
    """The last parts of the paths, as many as tell all of them apart."""
    parts = [run.resolve().parts for run in runs]
    depth = next(
        (
            deep
            for deep in range(1, max(map(len, parts)) + 1)
            if len({each[-deep:] for each in parts}) == len(runs)
        ),
        1,
    )
    return tuple(str(Path(*each[-depth:])) for each in parts)


# What may be compared


def _not_the_same(runs: Sequence[RunFigures], names: Sequence[str]) -> Iterator[str]:
    groups: list[list[int]] = []  # of runs that were asked the same
    differences: dict[str, None] = {}
    for place, run in enumerate(runs):
        group = next((group for group in groups if not differing(runs[group[0]], run)), None)
        if group is None:
            for other in groups:
                differences |= dict.fromkeys(differing(runs[other[0]], run))
            groups.append([place])
        else:
            group.append(place)
    if len(groups) > 1:
        apart = " | ".join(", ".join(names[place] for place in group) for group in groups)
        yield (
            f"not tested on the same clips: {apart}. They differ in {' and '.join(differences)}, so neither "
            "accuracies nor their intervals compare. Train with the same --words, --data and --seed, or "
            "score each on one corpus: earshot evaluate RUN --data FOLDER"
        )


def _pairs(runs: Sequence[RunFigures], names: Sequence[str]) -> Iterator[str]:
    for first, second in combinations(range(len(runs)), 2):
        found = pair(runs[first], runs[second])
        if found is None:
            continue
        what = "words" if len(found.without) > 1 else "words and other words"
        share = f"less than 0.1{SPACE}%" if found.chance < 0.001 else percent(found.chance)
        yield (
            f"{names[first]} and {names[second]}, int8 on the same {count(found.clips)} clips of {what}: "
            f"{names[first]} alone has {count(found.only_first)} right, {names[second]} alone "
            f"{count(found.only_second)}; chance alone makes as great a difference in {share} of cases "
            "(McNemar's test)"
        )


# Sections


def _row(name: str, runs: Sequence[RunFigures], cell: Callable[[RunFigures], Cell], label: str = "") -> Row:
    return Row(name, tuple(map(cell, runs)), label)


def _without_empty_rows(section: Section) -> Section:
    rows = tuple(row for row in section.rows if any(cell.text != NOTHING for cell in row.cells))
    return replace(section, rows=rows)


def _number(number: int | None) -> Cell:
    return Cell() if number is None else Cell(count(number))


def _accuracy(runs: Sequence[RunFigures]) -> Section:
    def accuracy(figures: ArtefactAccuracy | None) -> Cell:
        if figures is None:
            return Cell()
        low, high = figures.interval
        return Cell(percent(figures.accuracy), interval(figures.interval), (low, figures.accuracy, high))

    def corpus(run: RunFigures) -> Cell:
        return Cell(run.metrics.corpus.tested_on, run.test_corpus[1][:8])

    return Section(
        "Accuracy",
        (
            _row("int8", runs, lambda run: accuracy(run.metrics.int8)),
            _row("float", runs, lambda run: accuracy(run.metrics.float32)),
            _row(
                "test clips",
                runs,
                lambda run: _number(sum(run.metrics.corpus.clips.get(TESTING, {}).values())),
            ),
            _row("tested on", runs, corpus),
        ),
        "Of the test clips of each run, with 95 % intervals (host).",
    )


def _heard(runs: Sequence[RunFigures]) -> Section:
    def of(run: RunFigures) -> PointFigures | None:
        return run.points.point.test.all if run.points else None

    def words(run: RunFigures) -> Cell:
        found = of(run)
        if found is None or not found.said:
            return Cell()
        low, high = found.false_rejects_interval
        heard = found.said - found.false_rejects
        bounds = (1 - high, heard / found.said, 1 - low)
        return Cell(
            f"{count(heard)} of {count(found.said)}", interval((bounds[0], bounds[2])) + f"{SPACE}%", bounds
        )

    def false_accepts(run: RunFigures) -> Cell:
        found = of(run)
        if found is None:
            return Cell()
        low, high = found.false_accepts_interval
        rate = found.false_accepts_per_hour
        return Cell(f"{rate:g}", f"{low:.2f}–{high:.2f}", (low, rate, high))

    def fitness(run: RunFigures) -> Cell:
        verdict = run.points.point.verdict if run.points else None
        return Cell(verdict.fitness) if verdict else Cell()

    def hours(run: RunFigures) -> Cell:
        return Cell(f"{run.points.streams.testing.others.hours:g}") if run.points else Cell()

    return Section(
        "Listening",
        (
            _row("words heard", runs, words),
            _row("false accepts an hour", runs, false_accepts),
            _row("in hours without words", runs, hours),
            _row("fit for use", runs, fitness),
            _row("operating point", runs, lambda run: Cell(run.points.in_force) if run.points else Cell()),
        ),
        "Streams of test clips by the operating point in force, with 95 % intervals (host).",
    )


def _sizes(runs: Sequence[RunFigures]) -> Section:
    rows = [
        _row("model.tflite", runs, lambda run: _number(run.metrics.sizes.tflite_bytes)),
        _row("arena, compiled", runs, lambda run: _number(run.arena_bytes.get(COMPILED))),
        _row("arena, TFLite-Micro", runs, lambda run: _number(run.arena_bytes.get(TFLM))),
    ]
    firmware = [_firmware(run) for run in runs]
    for key in dict.fromkeys(key for sizes in firmware for key in sizes):
        board, program, engine = key
        what = f"{board}, {program}" + ("" if engine == COMPILED else f", {engine}")
        found = [sizes.get(key, (None, None)) for sizes in firmware]
        rows.append(Row(f"flash of {what}", tuple(_number(flash) for flash, _ in found)))
        rows.append(Row(f"RAM of {what}", tuple(_number(ram) for _, ram in found)))
    return Section("Sizes, bytes", tuple(rows), "Flash and RAM are of whole programs, where they were built.")


def _firmware(run: RunFigures) -> Mapping[tuple[str, str, str], tuple[int | None, int | None]]:
    """Flash and RAM in bytes by board, program and engine."""
    sizes: dict[tuple[str, str, str], tuple[int | None, int | None]] = {}
    for board in run.boards:
        if isinstance(size := board.size, FirmwareSize):
            sizes[board.board, size.program, size.engine] = size.flash_bytes, size.ram_bytes
        if (bench := board.bench) and bench.flash_bytes is not None:
            sizes[board.board, _BENCH_PROGRAM, bench.engine] = bench.flash_bytes, bench.ram_bytes
    return sizes


def _work(runs: Sequence[RunFigures]) -> Section:
    rows = []
    benches = [{(it.board, it.bench.engine): it.bench for it in run.boards if it.bench} for run in runs]
    for key in sorted({key for each in benches for key in each}):
        board, engine = key
        where = board + ("" if engine == COMPILED else f", {engine}")
        found = [each.get(key) for each in benches]
        for unit, names in (
            (
                "instructions",
                {
                    "instructions_per_inference": "",
                    "instructions_per_window": " a window",
                    "instructions_per_row": " a row",
                    "instructions_per_audio_s": " a second of audio",
                },
            ),
            ("microseconds", {"inference_us": "", "window_us": " a window", "row_us": " a row"}),
        ):
            for name, of in names.items():
                cells = tuple(_figure(bench, name) for bench in found)
                if any(cell.text != NOTHING for cell in cells):
                    label = ", ".join(dict.fromkeys(bench.label for bench in found if bench))
                    rows.append(Row(f"{unit}{of}, {where}", cells, label))
    macs = _row("MACs", runs, lambda run: _number(run.metrics.sizes.macs), "estimated")
    parameters = _row("parameters", runs, lambda run: _number(run.metrics.sizes.parameters))
    note = "MACs: multiply-accumulates, by the shapes of the network."
    if rows:
        note += (
            " A row: of features, as every stride brings one. A window: what listening does every few rows, "
            "an inference of what is new, and smoothing."
        )
    if not all(benches):
        note += " This counts instructions: earshot bench --board mps2-an386 RUN"
    return Section("Work of an inference", (*rows, macs, parameters), note)


def _figure(bench: BenchResult | None, name: str) -> Cell:
    value = getattr(bench, name, None)
    return Cell() if value is None else Cell(f"{value:,}")


def _settings(runs: Sequence[RunFigures]) -> Section:
    found = [_settings_of(run) for run in runs]
    names = [
        name
        for name in dict.fromkeys(name for settings in found for name in settings)
        if len({plain(settings[name]) for settings in found if name in settings}) > 1
    ]
    own = [name.rpartition(".")[2] for name in names]
    return Section(
        "Settings that differ",
        tuple(
            Row(
                (short if own.count(short) == 1 else name).replace("_", " "),
                tuple(
                    Cell(plain(settings[name]) or "none") if name in settings else Cell()
                    for settings in found
                ),
            )
            for name, short in zip(names, own, strict=True)
        ),
    )


def _settings_of(run: RunFigures) -> Mapping[str, Any]:
    metrics, corpus = run.metrics, run.metrics.corpus
    counts = corpus.clips.get("training", {})
    named = {_NAMES_OF_FLAGS.get(name, name): value for name, value in metrics.settings.items()}
    return {
        **named,
        "corpus": corpus.name,
        "training clips": sum(clips for label, clips in counts.items() if label != SILENCE_LABEL),
        "earshot": metrics.versions.get("earshot"),
        "tensorflow": metrics.versions.get("tensorflow"),
    }
