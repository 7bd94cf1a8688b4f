"""What a command leaves on the terminal: the figures, and where the files are."""

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.table import Table

from train.core import runfolder
from train.core.console import columns, fits, say, show
from train.core.errors import typed
from train.core.layout import TESTING
from train.core.operating_point import OperatingPoints
from train.core.results.accuracy import Accuracy
from train.core.results.training import Artefacts, Metrics
from train.report.points_report import measured_on
from train.report.run_report import trained_on

_NAME_COLUMNS = 12  # of the list of results


def print_results(results: Mapping[str, Accuracy], labels: tuple[str, ...]) -> None:
    """Accuracy of each, by the name that the tables call it; recall and precision per class of the last."""
    table = Table(title="accuracy", title_justify="left")
    for column in ("artefact", "accuracy", "95 % interval", "right", "of clips"):
        table.add_column(column, justify="left" if column == "artefact" else "right")
    for name, result in results.items():
        low, high = result.interval
        table.add_row(
            name,
            f"{100 * result.accuracy:.1f} %",
            f"{100 * low:.1f} – {100 * high:.1f} %",
            str(result.correct),
            str(result.clips),
        )
    show(table)
    name, last = list(results.items())[-1]
    classes = _classes(name, last, labels)
    if not fits(classes):  # the report has the whole of it
        classes = _classes(name, last, ())
    show(classes)


def print_artefacts(results: Artefacts, labels: tuple[str, ...]) -> None:
    """The same of the models of a run, and how far they differ from each other."""
    print_results({figures.artefact: figures for figures in results.by_kind.values()}, labels)
    if results.int8 and (difference := results.int8.tensorflow_interpreter):
        say(
            f"int8 scores are TFLite-Micro's; TensorFlow's own interpreter differs on "
            f"{difference.differing} of {difference.clips} clips, by at most {difference.max_difference}/256"
        )
    if results.graphdef and results.graphdef.max_score_difference is not None:
        say(f"model.pb and model.keras differ by at most {results.graphdef.max_score_difference:.1e}")


def _classes(name: str, result: Accuracy, said: tuple[str, ...]) -> Table:
    """Recall and precision of each class; with labels that were said, how often each was."""
    title = f"{name} per class" + (", and what it said (columns)" if said else "")
    table = Table(title=title, title_justify="left")
    for column in ("true label", "clips", "recall", "precision", *said):
        table.add_column(column, justify="left" if column == "true label" else "right", no_wrap=True)
    for row, counts in zip(result.per_class, result.confusion, strict=True):
        figures = (str(row.clips), _percent(row.recall), _percent(row.precision))
        table.add_row(row.label, *figures, *(map(str, counts) if said else ()))
    return table


def print_hearing(points: OperatingPoints) -> None:
    """What the firmware hears with the point that is in force, whether that will do, and what to do."""
    point = points.point
    _say_wrapped("firmware", point.test.all.headline)
    _say_wrapped("", measured_on(points))
    if (verdict := point.verdict) is None:
        return
    _say_wrapped("said by", verdict.for_whom)
    _say_wrapped("fit for use", ": ".join(filter(None, (verdict.fitness, "; ".join(verdict.reasons)))))
    for advice in verdict.advice:
        _say_wrapped("to do", advice)
    if points.is_settled:
        _say_wrapped(
            "note",
            f"thresholds that keep {points.target_false_accepts_per_hour:g} false accepts an hour on the "
            "validation streams hear less than half of the words; these hear half of them",
        )


def _say_wrapped(name: str, text: str) -> None:
    """A line of the list of results; what does not fit goes on below."""
    first, *rest = textwrap.wrap(text, columns() - _NAME_COLUMNS, break_long_words=False) or [""]
    say(f"{name:<{_NAME_COLUMNS}}{first}", *(" " * _NAME_COLUMNS + line for line in rest))


def print_run(
    metrics: Metrics,
    points: OperatingPoints | None,
    run: Path,
    sources: Iterable[Path] | None,
    page: Path,
    seconds: float,
) -> None:
    """The end of the main job: first what the firmware will hear.

    Args:
        points: None where none were chosen.
        sources: files of C; None where no board has the front end.
    """
    spec = runfolder.read_spec(run)
    if points is not None:
        print_hearing(points)
        say("")
    print_artefacts(metrics, spec.labels)
    sizes, corpus, training = metrics.sizes, metrics.corpus, metrics.training
    if sources is None:
        made = (
            f"model       {run / runfolder.GRAPHDEF}  {sizes.graphdef_bytes:,} bytes; try it with: "
            f"earshot pi {typed(run)} --local",
            f"C sources   none: no board has the front end {spec.front_end.name}; for one, choose another "
            "--preprocess",
        )
    else:
        made = (
            f"model       {run / runfolder.TFLITE}  {sizes.tflite_bytes:,} bytes, arena "
            f"{sizes.arena_bytes:,} bytes ({sizes.arena_label})",
            f"C sources   {run / runfolder.C_SOURCES}  {len(list(sources))} files",
        )
    clips = sum(corpus.clips[TESTING].values())
    say(
        "",
        f"corpus      {corpus.name}: trained on {trained_on(corpus)}; {clips} test clips",
        f"tested on   {corpus.tested_on}",
        f"training    {training.steps} steps at {training.steps_per_s:.0f} a second, best at "
        f"{training.best_step}",
        *made,
        f"report      {page}",
        f"took        {seconds:.0f} s",
    )
    if spec.front_end.is_micro:
        say("note        model.pb begins at the features: TensorFlow 1.4 has no op for --preprocess micro")
    is_of_others = corpus.kind not in ("synthetic", "random") and corpus.split != "takes"
    if not is_of_others and corpus.tested_on == corpus.name:
        say(f"note        {corpus.note}")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
