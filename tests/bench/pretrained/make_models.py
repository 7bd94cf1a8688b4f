"""Trains the models that ship and puts them into train/pretrained: make pretrained MODELS="NAME…".

What is trained is kept in $RUNS/NAME (out/pretrained): a finished run is not trained again, an interrupted
one goes on. No recording of ../shared goes into a model: eSpeak NG speaks its test clips.
"""

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of what all benchmarks share
import document_table
from recipes import ATTRIBUTION, LICENCE, RECIPES, TESTED_ON, TRAINED_ON, Recipe  # beside this file

from train.audio.wav import encode_wav
from train.core import console, runfolder
from train.core.errors import UserError
from train.core.installation import SHIPPED_MODELS, earshot_version
from train.core.layout import TESTING, TRAINING
from train.core.operating_point import OperatingPoints
from train.core.outputs import whole_folder
from train.core.pretrained.card import (
    CARD,
    CARD_PAGE,
    LARGEST_TFLITE_BYTES,
    Card,
    CardAccuracy,
    CardData,
    CardFile,
    CardPoint,
)
from train.core.results.training import ArtefactAccuracy, ClipList, KeptClip, Metrics
from train.settings.job import read_job
from train.synth import acoustics, espeak

SHARED = Path("../shared")
_RUNS, _CORPUS = Path("out/pretrained"), Path("out/speech_commands_train")
_SPOKEN_WORDS = 2  # test clips
_SHIPPED = (
    runfolder.LABELS,
    runfolder.KERAS,
    runfolder.GRAPHDEF,
    runfolder.TFLITE,
    runfolder.OPERATING_POINTS,
)


def main() -> None:
    """Make those that the arguments name, or all."""
    names, runs = sys.argv[1:], Path(os.environ.get("RUNS", _RUNS))
    recipes = {recipe.name: recipe for recipe in RECIPES}
    for name in names:
        if name not in recipes:
            raise UserError(f"{name}: no such model; known: {', '.join(recipes)}")
    for recipe in RECIPES if not names else [recipes[name] for name in names]:
        run = runs / recipe.name
        train(recipe, run)
        install(recipe, run)
    write_table()


def write_table() -> None:
    """The models in docs/PRETRAINED.md."""
    rows = [
        "| name | words | int8, host | clips, speakers | in a stream | bytes |",
        "|---|---|---|---|---|---|",
    ]
    for recipe in RECIPES:
        if not (SHIPPED_MODELS / recipe.name / CARD).is_file():
            continue
        card = Card.read(SHIPPED_MODELS / recipe.name / CARD)
        low, high = (f"{100 * share:.1f}" for share in card.int8.interval)
        (tested,) = (data for data in card.data if data.use == TESTING)
        size = card.files[runfolder.TFLITE].bytes
        rows.append(
            f"| `{card.name}` | {', '.join(card.words)} | {100 * card.int8.accuracy:.1f} % ({low}–{high}) | "
            f"{card.int8.clips:,}, {tested.speakers} | {_in_a_stream(card.point)} | {size:,} |"
        )
    document_table.write("PRETRAINED.md", "make pretrained", "\n".join(rows))


def _in_a_stream(point: CardPoint | None) -> str:
    if point is None:
        return "not measured"
    low, high = point.false_accepts_interval
    return (
        f"hears {point.heard} of {point.said}, {point.false_accepts_per_hour:g} false accepts an hour "
        f"({low:.1f}–{high:.1f})"
    )


def train(recipe: Recipe, run: Path) -> None:
    """Fill the run folder, or what is left of it."""
    if (run / runfolder.REPORT).is_file():
        return
    if not _CORPUS.is_dir():
        with whole_folder(_CORPUS) as folder:
            subprocess.run([sys.executable, SHARED / "tools" / "unpack_speech", folder], check=True)
    is_begun = (run / runfolder.CHECKPOINTS).is_dir()
    command = recipe.command(str(_CORPUS), str(SHARED / "data" / TESTED_ON))
    arguments = ["train", "--resume", str(run)] if is_begun else [*shlex.split(command), "--out", str(run)]
    subprocess.run([sys.executable, "-m", "train", *arguments[1:]], check=True)


def install(recipe: Recipe, run: Path) -> None:
    """Put what ships of a finished run into train/pretrained, with its card.

    Raises:
        UserError: the run is not of the recipe, or too large.
    """
    _check_made_by(recipe, run)
    folder = SHIPPED_MODELS / recipe.name
    shutil.rmtree(folder, ignore_errors=True)
    with whole_folder(folder) as made:
        for name in _SHIPPED:
            shutil.copyfile(run / name, made / name)
        spec = runfolder.read_spec(run, needs=[runfolder.TFLITE])
        runfolder.write_spec(made, spec, _SHIPPED[:-1])
        _write_metrics(recipe, run, made)
        _write_job(run, made)
        _speak_tests(made, recipe.words.split(",")[:_SPOKEN_WORDS])
        card = _card(recipe, made)
        card.write(made / CARD)
        (made / CARD_PAGE).write_text(card.page(), encoding="utf-8")
    console.say(f"{folder}  {card.files[runfolder.TFLITE].bytes:,} bytes, {100 * card.int8.accuracy:.1f} %")


def _check_made_by(recipe: Recipe, run: Path) -> None:
    flags = shlex.split(recipe.command())
    from train.commands.flags import add_training_flags, job_of
    from train.core.command_line import Parser

    parser = Parser("earshot train", "")
    add_training_flags(parser)
    wanted, found = job_of(parser.parse_args(flags[1:])), read_job(run)
    if replace(found, data=wanted.data, test_data=wanted.test_data, seed=wanted.seed) != wanted:
        raise UserError(f"{run}: was not trained by {recipe.command()}")
    if (run / runfolder.TFLITE).stat().st_size >= LARGEST_TFLITE_BYTES:
        raise UserError(f"{run}: its {runfolder.TFLITE} has {LARGEST_TFLITE_BYTES:,} bytes or more")


def _write_metrics(recipe: Recipe, run: Path, made: Path) -> None:
    """The figures, without places of the computer that they were made on."""
    metrics = Metrics.read(run / runfolder.METRICS)
    corpus = replace(metrics.corpus, name=TRAINED_ON, path=TRAINED_ON)
    settings = metrics.settings | {"data": TRAINED_ON, "test_data": TESTED_ON}
    replace(metrics, command=f"earshot {recipe.command()}", corpus=corpus, settings=settings).write(
        made / runfolder.METRICS
    )


def _write_job(run: Path, made: Path) -> None:
    """How it hears, for commands that need clips and were told of none: a few synthetic voices."""
    job = replace(read_job(run), data=None, test_data=None, synthetic_clips=100)
    (made / runfolder.JOB).write_text(job.to_json(), encoding="utf-8")


def _speak_tests(made: Path, words: list[str]) -> None:
    """The clips that the C is tested with."""
    spec = runfolder.read_spec(made)
    front_end, clips = spec.front_end, []
    espeak.set_voice("en-us")
    for word in words:
        speech = acoustics.resampled(espeak.speak(word), espeak.sample_rate_hz())[: front_end.clip_samples]
        spare = front_end.clip_samples - len(speech)
        samples = acoustics.to_int16(np.pad(speech, (spare // 2, spare - spare // 2)))
        name = f"{word}.wav"
        runfolder.write_bytes(made / runfolder.CLIPS / name, encode_wav(samples, front_end.sample_rate_hz))
        clips.append(KeptClip(file=name, label=word, source="eSpeak NG"))
    ClipList(clips=tuple(clips)).write(made / runfolder.CLIPS / runfolder.CLIPS_LIST)


def _card(recipe: Recipe, made: Path) -> Card:
    spec, metrics = runfolder.read_spec(made), Metrics.read(made / runfolder.METRICS)
    corpus, sizes = metrics.corpus, metrics.sizes
    assert metrics.int8 is not None
    assert metrics.float32 is not None
    files = sorted(path for path in made.rglob("*") if path.is_file())
    trained = sum(count for label, count in corpus.clips[TRAINING].items() if label in spec.words)
    return Card(
        name=recipe.name,
        summary=recipe.summary,
        licence=LICENCE,
        words=spec.words,
        architecture=spec.architecture,
        front_end=spec.front_end.name,
        front_end_sha256=spec.front_end.sha256,
        parameters=sizes.parameters,
        macs=sizes.macs,
        int8=_accuracy(metrics.int8),
        float=_accuracy(metrics.float32),
        point=_point(made),
        data=(
            CardData(
                use=TRAINING,
                name=TRAINED_ON,
                licence=LICENCE,
                attribution=ATTRIBUTION,
                clips=trained + corpus.unknown_pool,
                speakers=corpus.speakers[TRAINING],
            ),
            CardData(
                use=TESTING,
                name=TESTED_ON,
                licence=LICENCE,
                attribution=ATTRIBUTION,
                clips=metrics.int8.clips,
                speakers=corpus.speakers[TESTING],
            ),
        ),
        seed=metrics.seed,
        earshot=metrics.versions.get("earshot", earshot_version()),
        command=f"earshot {recipe.command()}",
        files={
            str(path.relative_to(made)): CardFile(
                bytes=path.stat().st_size, sha256=runfolder.sha256_file(path)
            )
            for path in files
        },
    )


def _accuracy(scored: ArtefactAccuracy) -> CardAccuracy:
    low, high = scored.interval
    return CardAccuracy(accuracy=scored.accuracy, interval=(low, high), clips=scored.clips)


def _point(made: Path) -> CardPoint:
    points = OperatingPoints.read(made / runfolder.OPERATING_POINTS)
    point = getattr(points.points, points.in_force)
    figures, heard_in = point.test.all, points.streams.testing.others
    return CardPoint(
        name=points.in_force,
        thresholds=point.settings.thresholds,
        hours=heard_in.hours,
        speech_hours=heard_in.speech_hours,
        false_accepts_per_hour=figures.false_accepts_per_hour,
        false_accepts_interval=figures.false_accepts_interval,
        heard=figures.said - figures.false_rejects,
        said=figures.said,
        fitness=point.verdict.fitness,
    )


if __name__ == "__main__":
    console.run(main)
