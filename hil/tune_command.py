"""``python -m hil tune``: thresholds for a target of false accepts per hour, and what they are worth."""

import argparse
import dataclasses
import math
from pathlib import Path
from typing import Any

from train.corpus import TESTING, VALIDATION
from train.errors import UserError
from train.operating_point import NAMES, ORIGINAL, TUNED

_TARGET_PER_HOUR, _MINUTES, _SEED = 0.5, 60.0, 59185
_EVERY_OTHER_WORD = 10_000  # percent of the wanted words: more than any corpus has


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument("run", metavar="RUN", type=Path, help="run folder, such as out/yes_no")
    parser.add_argument(
        "--data", metavar="WHERE", help="clips, as for python -m train (default: as in training)"
    )
    parser.add_argument(
        "--false-accepts-per-hour",
        type=float,
        metavar="N",
        help=f"at most, all words together, on the validation audio ({_TARGET_PER_HOUR:g})",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help="of each of four streams: with the words and without, of validation and of test clips "
        f"({_MINUTES:g})",
    )
    parser.add_argument("--seed", type=int, metavar="N", help=f"of everything that is drawn ({_SEED})")
    parser.add_argument(
        "--use",
        choices=NAMES,
        help="of the points measured before, put this one in force and do nothing else; a new measurement "
        f"puts {TUNED} in force",
    )


def run_tune(flags: argparse.Namespace) -> None:
    """Choose on validation clips, measure on test clips, write operating_points.json and the report."""
    from train import runfolder
    from train.operating_point import read_points

    spec = runfolder.read_spec(flags.run, needs=[runfolder.TFLITE])
    if flags.use:
        measuring = ("data", "false_accepts_per_hour", "minutes", "seed")
        if given := [name for name in measuring if getattr(flags, name) is not None]:
            raise UserError(f"--use {flags.use} measures nothing; leave out --{given[0].replace('_', '-')}")
        content = {**read_points(flags.run, spec), "in_force": flags.use}
    else:
        content = _tune(flags, spec)
    runfolder.write_json(flags.run / runfolder.OPERATING_POINTS, content)
    if (flags.run / runfolder.METRICS).is_file():
        from train.report import write_report

        write_report(flags.run)
    _print(content, flags.run)


def _tune(flags: argparse.Namespace, spec: Any) -> dict[str, Any]:
    from hil.truth import StreamSettings
    from hil.tuning import choose, curves, measure
    from hil.twin import INFERENCE_STRIDE_ROWS
    from train import runfolder
    from train.console import warn
    from train.dataset import Sampling
    from train.job import gather, trained_job
    from train.metrics import poisson_interval
    from train.operating_point import original
    from train.tflm import TflmModel

    target = _TARGET_PER_HOUR if flags.false_accepts_per_hour is None else flags.false_accepts_per_hour
    if not 0 < target <= 3600:
        raise UserError(f"--false-accepts-per-hour is {target:g}, expected more than 0, at most 3600")
    minutes = _MINUTES if flags.minutes is None else flags.minutes
    settings = StreamSettings(minutes=minutes, seed=_SEED if flags.seed is None else flags.seed)
    hours_needed = poisson_interval(0)[1] / target
    if 60 * hours_needed > minutes:
        warn(
            f"{minutes:g} minutes are too few to be sure of {target:g} false accepts an hour: not even none "
            f"in them would prove it (95 %); that takes --minutes {math.ceil(60 * hours_needed)}"
        )
    job = dataclasses.replace(
        trained_job(flags.run, spec), sampling=Sampling(0, _EVERY_OTHER_WORD)
    )  # all of them: they are what false accepts come from
    material = gather(dataclasses.replace(job, data=flags.data) if flags.data else job, (VALIDATION, TESTING))
    tflite = flags.run / runfolder.TFLITE
    model = TflmModel(tflite.read_bytes(), str(tflite))
    evidence = {
        name: _evidence(model, material.audio, material.splits[name], spec, settings)
        for name in (VALIDATION, TESTING)
    }
    inference_ms = INFERENCE_STRIDE_ROWS * spec.front_end.window_stride_ms
    point, windows = choose(evidence[VALIDATION], target, inference_ms)
    points = {ORIGINAL: original(len(spec.labels)), TUNED: point}
    return {
        "model_sha256": spec.artefacts[runfolder.TFLITE],
        "labels": list(spec.labels),
        "in_force": TUNED,
        "target_false_accepts_per_hour": target,
        "points": {
            name: {"settings": dataclasses.asdict(point), "test": measure(evidence[TESTING], point)}
            for name, point in points.items()
        },
        "curves": curves(evidence[TESTING], point),
        "windows": windows,
        "streams": {name: _about(evidence[name]) for name in evidence},
        "settings": {**dataclasses.asdict(settings), "inference_stride_rows": INFERENCE_STRIDE_ROWS},
        "corpus_sha256": material.corpus.sha256,
    }


def _evidence(model: Any, audio: Any, split: Any, spec: Any, settings: Any) -> Any:
    """The two streams of a split, scored."""
    from hil.truth import make_stream
    from hil.tuning import Evidence, Track
    from hil.twin import INFERENCE_STRIDE_ROWS, stream_scores

    tracks = []
    for unknown_percentage in (settings.unknown_percentage, 100):
        made = dataclasses.replace(settings, unknown_percentage=unknown_percentage)
        stream = make_stream(audio, split, spec, made)
        scores, times_ms = stream_scores(model, stream.samples, spec.front_end, INFERENCE_STRIDE_ROWS)
        duration_ms = 1000 * len(stream.samples) / spec.front_end.sample_rate_hz
        tracks.append(Track(scores, times_ms, stream.words, duration_ms))
    return Evidence(tracks[0], tracks[1], spec.labels, spec.front_end.clip_duration_ms)


def _about(evidence: Any) -> dict[str, Any]:
    """How much there was to hear: the same clips come again and again in other noise."""
    return {
        name: {
            "hours": round(track.duration_ms / 3_600_000, 4),
            "words": len(track.words),
            "clips": len({word.source for word in track.words}),
        }
        for name, track in (("spoken", evidence.spoken), ("others", evidence.others))
    }


def _print(content: dict[str, Any], run: Path) -> None:
    """The points on the test streams, side by side, on stdout."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from train.runfolder import OPERATING_POINTS

    console = Console(soft_wrap=True, highlight=False)
    others = content["streams"][TESTING]["others"]
    table = Table(
        title=f"test audio (host); false accepts: {others['hours']:g} h of noise and {others['clips']} other clips",
        title_justify="left",
    )
    for index, column in enumerate(("point", "word", "threshold", "false accepts an hour", "missed")):
        table.add_column(column, justify="left" if index < 2 else "right")
    for name, point in content["points"].items():
        for row in (*point["test"]["words"], {"label": "all", **point["test"]["all"]}):
            table.add_row(
                name, escape(row["label"]), str(row.get("threshold", "")), _accepted(row), _missed(row)
            )
        table.add_section()
    console.print(table)
    settings = content["points"][content["in_force"]]["settings"]
    console.print(
        f"""\
in force       {content["in_force"]}: mean of {settings["window_ms"]} ms, {settings["minimum_count"]} scores or more, the same word again after {settings["suppression_ms"]} ms
written        {run / OPERATING_POINTS}
now            python -m codegen {run}, so that the firmware decides by it""",
        markup=False,
    )


def _accepted(row: dict[str, Any]) -> str:
    low, high = row["false_accepts_interval"]
    return f"{row['false_accepts']}: {row['false_accepts_per_hour']:g} ({low:g} – {high:g})"


def _missed(row: dict[str, Any]) -> str:
    low, high = (100 * bound for bound in row["false_rejects_interval"])
    share = 100 * row["false_rejects"] / max(1, row["said"])
    return f"{row['false_rejects']} of {row['said']}: {share:.1f} % ({low:.1f} – {high:.1f})"
