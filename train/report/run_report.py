"""report.html and plots/: what a run was trained on, how well it hears, what it costs.

Everything comes from files of the run folder, so that ``earshot report RUN``
can make the report anew. The page is one file that asks the network for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from train.core import runfolder
from train.core.errors import UserError
from train.core.layout import SPLITS, TRAINING
from train.core.results import belonging
from train.core.results.training import ArtefactAccuracy, CorpusSummary, Metrics, Sizes
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL, ModelSpec
from train.report import boards_report, gallery, page, pi_report, plots, points_report
from train.report.page import SPACE, count, interval, percent, plain, seconds

# Results in the order of the chain: key in metrics.json, name, what it is.
_CHAIN = (
    ("float", "float", "the Keras model, before quantization"),
    ("graphdef", "GraphDef", "the frozen graph, front end inside (not micro)"),
    ("int8", "int8", "the quantized model: what the firmware runs"),
)
_SIZES = (
    ("tflite_bytes", "Flash for the model", "bytes", "model.tflite"),
    ("arena_bytes", "Arena (RAM)", "bytes", ""),
    ("parameters", "Parameters", "", ""),
    ("macs", "Multiply-accumulates per inference", "", ""),
    ("graphdef_bytes", "GraphDef", "bytes", "model.pb"),
    ("keras_bytes", "Keras model", "bytes", "model.keras"),
)
# Corpora on which the figures say nothing about people: heading and explanation.
_WARNINGS = {
    "synthetic": (
        "Synthetic voices",
        "The model was trained and tested on speech made by a synthesizer. The figures show that the "
        "chain works and compare one model with another; they do not say how well it hears people.",
    ),
    "random": (
        "Random data",
        "The model was trained and tested on noise, to try the chain out. The figures mean nothing.",
    ),
}


_BY_TAKES = "Whom the figures are about"  # heading, where the last takes of few speakers are tested on


@dataclass(frozen=True)
class Cell:
    """A count in a confusion matrix and its share of the row; ``kind`` is hit, miss or none."""

    count: int
    share: float
    kind: str


@dataclass(frozen=True)
class Result:
    """Scores of one artefact on the test clips; ``confusion`` (labels, labels): row said, column heard."""

    name: str
    about: str
    figures: ArtefactAccuracy
    notes: tuple[str, ...]
    confusion: NDArray[np.int64]

    @property
    def interval(self) -> str:
        return interval(self.figures.interval)

    @property
    def cells(self) -> list[list[Cell]]:
        """The confusion matrix, ready to shade."""
        shares = self.confusion / np.maximum(self.confusion.sum(axis=1, keepdims=True), 1)
        return [
            [
                Cell(int(count), float(share), ("hit" if heard == said else "miss") if count else "none")
                for heard, (count, share) in enumerate(zip(counts, row_shares, strict=True))
            ]
            for said, (counts, row_shares) in enumerate(zip(self.confusion, shares, strict=True))
        ]


def write_report(run: Path) -> Path:
    """Make RUN/report.html and RUN/plots/*.png from the other files of the run folder.

    History, sample clips and mistakes may be absent: their sections then say so. The section on boards is
    there once ``earshot report`` has joined their figures; that on operating points after ``hil tune``;
    that on the Raspberry Pi, once there are any of ``earshot pi``.

    Returns:
        path of the page.
    Raises:
        UserError: no run folder, metrics.json missing or not as expected, a measured
            model that is not the one of spec.json, or a clip that cannot be read.
    """
    run = Path(run)
    where = run / runfolder.METRICS
    spec = runfolder.read_spec(run)
    metrics = belonging.read_metrics(run, spec)
    corpus = metrics.corpus
    results = [
        _result(metrics.by_kind[kind], name, about, spec.labels, f"{where}: {kind}")
        for kind, name, about in _CHAIN
        if kind in metrics.by_kind
    ]
    if not results:
        raise UserError(f"{where}: holds no result; expected float, graphdef or int8; train again")
    samples, mistakes = gallery.samples(run, spec.front_end), gallery.mistakes(run, spec.front_end)
    content = page.template("report.html.j2").render(
        spec=spec,
        mark=Markup(belonging.report_mark(run)),
        corpus=corpus,
        clips={split: corpus.clips.get(split, {}) for split in SPLITS},
        trained_on=trained_on(corpus),
        skipped=page.by_reason(corpus.skipped),
        changed=page.changed(corpus.converted, corpus.repaired),
        split_rule=page.split_rule(corpus.split),
        warning=_warning(corpus),
        results=results,
        not_measured=[name for kind, name, _ in _CHAIN if kind not in metrics.by_kind],
        axis=_axis(results),
        baseline=_baseline(results[-1], spec.labels),
        curves=[Markup(curve) for curve in _draw(run, spec, metrics, results, samples)],
        training=metrics.training,
        galleries=[samples, mistakes],
        points=points_report.read_operating_points(run, spec),
        boards=boards_report.read_boards(run, spec.artefacts.get(runfolder.TFLITE)),
        pi=pi_report.read_pi(run, spec.artefacts.get(runfolder.GRAPHDEF)),
        sizes=_sizes(run, metrics.sizes),
        ops=metrics.ops,
        command=metrics.command or "not recorded",
        facts=_facts(spec, metrics),
    )
    runfolder.write_text(run / runfolder.REPORT, content)
    return run / runfolder.REPORT


# Reading


def _result(figures: ArtefactAccuracy, name: str, about: str, labels: Sequence[str], where: str) -> Result:
    rows = [len(row) for row in figures.confusion]
    if rows != [len(labels)] * len(labels):
        shape = (len(rows), max(rows, default=0))
        raise UserError(
            f"{where}: confusion is {shape}, expected {(len(labels), len(labels))} (one row per label); "
            "train again"
        )
    notes = []
    if (difference := figures.max_score_difference) is not None:
        notes.append(f"scores differ from the float model by at most {difference:.2g}")
    if other := figures.tensorflow_interpreter:
        notes.append(
            f"TensorFlow's interpreter differs from TFLite-Micro on {other.differing:,} of "
            f"{other.clips:,} clips, by at most {other.max_difference:,}"
        )
    return Result(name, about, figures, tuple(notes), np.array(figures.confusion))


# Sections


def _draw(
    run: Path,
    spec: ModelSpec,
    metrics: Metrics,
    results: Sequence[Result],
    samples: gallery.Gallery,
) -> list[str]:
    """Write the plots of the run; the learning curves also come back, as SVG for the page."""
    curves = {}
    if (history := belonging.read_history(run, spec)) is not None:
        for name in ("accuracy", "loss"):
            curves[f"learning_{name}"] = plots.learning_curve(history, name, metrics.training.best_step)
    pictures = dict(curves)
    for result in results:
        figures = result.figures
        title = f"{figures.artefact}: {percent(figures.accuracy)} of {count(figures.clips)} clips"
        name = f"confusion_{result.name.lower()}"
        pictures[name] = plots.confusion_matrix(result.confusion, spec.labels, title)
    if samples.clips:
        titles = [clip.title for clip in samples.clips]
        pictures["features"] = plots.feature_grid([clip.brightness for clip in samples.clips], titles)
    for name, figure in pictures.items():
        runfolder.write_bytes(run / runfolder.PLOTS / f"{name}.png", plots.png(figure))
    return [plots.svg(figure) for figure in curves.values()]


def _axis(results: Sequence[Result]) -> dict[str, Any]:
    """One axis for all intervals: where it starts, and each result's place on it (0..1)."""
    start = min(0.9, float(np.floor(10 * min(result.figures.interval[0] for result in results))) / 10)

    def place(accuracy: float) -> float:
        return (accuracy - start) / (1 - start)

    places = {}
    for result in results:
        low, high = (place(bound) for bound in result.figures.interval)
        places[result.name] = (low, high - low, place(result.figures.accuracy))
    return {"start": f"{100 * start:.0f}", "places": places}


def _baseline(result: Result, labels: Sequence[str]) -> str:
    """What a model that always gives the same answer would get."""
    per_label = result.confusion.sum(axis=1)
    if not per_label.any():
        return ""
    commonest = int(per_label.argmax())
    share = float(per_label[commonest] / per_label.sum())
    return f"Always answering “{labels[commonest]}” would be right on {percent(share)}."


def _warning(corpus: CorpusSummary) -> tuple[str, str] | None:
    """What the figures do not say, where test clips are of the kind that was trained on."""
    if corpus.tested_on != corpus.name:
        return None
    if corpus.split == "takes":
        return _BY_TAKES, f"{corpus.note[:1].upper()}{corpus.note[1:]}."
    return _WARNINGS.get(corpus.kind)


def _sizes(run: Path, sizes: Sizes) -> list[tuple[str, str, str]]:
    """Rows of name, figure, note; the size of a file is that on disk now, if it is there."""
    rows = []
    for key, name, unit, note in _SIZES:
        file = run / note
        value = file.stat().st_size if file.is_file() else getattr(sizes, key)
        if value is not None:
            figure = f"{count(value)}{SPACE}{unit}".rstrip()
            rows.append((name, figure, sizes.arena_label or "" if key == "arena_bytes" else note))
    return rows


def _facts(spec: ModelSpec, metrics: Metrics) -> list[tuple[str, list[tuple[str, str]]]]:
    """How the run was made: titled tables of name and value."""
    front_end = spec.front_end
    times_s = {**metrics.timings_s, "together": sum(metrics.timings_s.values())}
    mel_top_hz = count(front_end.mel_top_hz)
    window = f"{front_end.window_size_ms}{SPACE}ms every {front_end.window_stride_ms}{SPACE}ms"
    tables: list[tuple[str, Mapping[str, Any]]] = [
        ("Run", {"seed": metrics.seed, **vars(metrics.host)}),
        ("Versions", metrics.versions),
        ("Time", {name: seconds(value) for name, value in times_s.items()} if len(times_s) > 1 else {}),
        (
            "Front end",
            {
                "name": front_end.name,
                "sample rate": f"{count(front_end.sample_rate_hz)}{SPACE}Hz",
                "clip": f"{count(front_end.clip_duration_ms)}{SPACE}ms",
                "window": window,
                "DC": "taken off each window" if front_end.dc_block else "left as it is",
                **({"mel bands": f"up to {mel_top_hz}{SPACE}Hz"} if front_end.has_mel_bands else {}),
                "features": f"{front_end.frames} frames × {front_end.bins} bins",
            },
        ),
        *_settings(metrics.settings).items(),
        ("SHA-256", dict(sorted(spec.artefacts.items()))),
    ]
    return [(title, [(key, plain(value)) for key, value in rows.items()]) for title, rows in tables if rows]


def _settings(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A table of each group, as ``recipe.feature_augmentation``, without what was not set.

    The front end has a table of its own, and an augmentation of features that is 0 is none.
    """
    tables: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        *groups, own = name.split(".")
        is_off = groups[-1:] == ["feature_augmentation"] and value == 0
        if groups != ["front_end"] and value not in (None, "", [], ()) and not is_off:
            title = groups[-1] if groups else "settings"
            tables.setdefault(title.replace("_", " ").capitalize(), {})[own.replace("_", " ")] = value
    return tables


# Figures for people


def trained_on(corpus: CorpusSummary) -> str:
    """How many recordings a network was trained on, by what they are; augmentation comes on top."""
    counts = corpus.clips.get(TRAINING, {})
    of_words = sum(clips for label, clips in counts.items() if label not in (SILENCE_LABEL, UNKNOWN_LABEL))
    others = corpus.unknown_pool or counts.get(UNKNOWN_LABEL, 0)
    return f"{count(of_words)} clips of the words, {count(others)} of other words, and background noise"
