"""Trains the models that ship and puts them into train/pretrained: make pretrained MODELS="NAME…".

What is trained is kept in $RUNS/NAME (out/pretrained): a finished run is not trained again, an interrupted
one goes on. Thresholds of most are chosen and measured on two hours without the words. No recording of
../shared goes into a model: eSpeak NG speaks its test clips. Figures go to out/bench/pretrained.json, too.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of what all benchmarks share
import document_table
from recipes import (  # beside this file
    ATTRIBUTION,
    BANK,
    BEGUN_ON,
    FIRST,
    LEFT_OUT,
    LICENCE,
    RECIPES,
    TESTED_ON,
    TRAINED_ON,
    Recipe,
)

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
from train.settings.job import StartFrom, read_job
from train.synth import acoustics, espeak

SHARED = Path("../shared")
_RUNS, _RESULT = Path("out/pretrained"), Path("out/bench/pretrained.json")
_PLACES = {
    TRAINED_ON: Path("out") / TRAINED_ON,
    BEGUN_ON: Path("out") / BEGUN_ON,
    TESTED_ON: SHARED / "data" / TESTED_ON,
    BANK: SHARED / "data" / BANK,
}
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
        train(recipe, runs)
        tune(recipe, runs / recipe.name)
        install(recipe, runs)
    cards = [
        Card.read(SHIPPED_MODELS / recipe.name / CARD)
        for recipe in RECIPES
        if (SHIPPED_MODELS / recipe.name / CARD).is_file()
    ]
    write_table(cards)
    runfolder.write_json(_RESULT, [_row(card) for card in cards])


def _row(card: Card) -> dict[str, object]:
    """What out/bench/pretrained.json says of a model."""
    row: dict[str, object] = {
        "name": card.name,
        "bytes": card.files[runfolder.TFLITE].bytes,
        "int8_accuracy": card.int8.accuracy,
        "interval": card.int8.interval,
        "clips": card.int8.clips,
        "label": "host",
    }
    if point := card.point:
        row |= {
            "false_accepts_per_hour": point.false_accepts_per_hour,
            "hours": point.hours,
            "heard": point.heard / point.said,
            "words_said": point.said,
        }
    return row


def write_table(cards: Sequence[Card]) -> None:
    """The models in docs/PRETRAINED.md."""
    rows = [
        "| name | words | int8, host | clips, speakers | in a stream | bytes |",
        "|---|---|---|---|---|---|",
    ]
    for card in cards:
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


def train(recipe: Recipe, runs: Path) -> None:
    """Fill the run folder, or what is left of it; first those that it needs."""
    run = runs / recipe.name
    if (run / runfolder.REPORT).is_file():
        return
    for first in FIRST:
        if first.name in recipe.needs:
            train(first, runs)
    _unpack()
    is_begun = (run / runfolder.CHECKPOINTS).is_dir()
    wanted = [*recipe.arguments(_places(runs)), "--out", str(run)]
    _earshot(*(["train", "--resume", str(run)] if is_begun else wanted))


def _places(runs: Path) -> dict[str, Path]:
    return _PLACES | {first.name: runs / first.name for first in FIRST}


def _unpack() -> None:
    """The recordings as folders, whole and without some words."""
    if not _PLACES[TRAINED_ON].is_dir():
        with whole_folder(_PLACES[TRAINED_ON]) as folder:
            subprocess.run([sys.executable, SHARED / "tools" / "unpack_speech", folder], check=True)
    if not _PLACES[BEGUN_ON].is_dir():
        with whole_folder(_PLACES[BEGUN_ON]) as folder:
            shutil.copytree(
                _PLACES[TRAINED_ON], folder, ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True
            )
            for path in folder.glob("*_list.txt"):
                lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
                kept = [line for line in lines if line.partition("/")[0] not in LEFT_OUT]
                path.write_text("".join(kept), encoding="utf-8")


def tune(recipe: Recipe, run: Path) -> None:
    """Choose thresholds on long streams, once."""
    points = OperatingPoints.read(run / runfolder.OPERATING_POINTS)
    if recipe.stream_minutes not in (None, points.settings["minutes"]):
        _earshot("tune", str(run), "--minutes", str(recipe.stream_minutes))


def _earshot(command: str, *arguments: str) -> None:
    program = "from train.__main__ import earshot; earshot()"
    subprocess.run([sys.executable, "-c", program, command, *arguments], check=True)


def install(recipe: Recipe, runs: Path) -> None:
    """Put what ships of a finished run into train/pretrained, with its card.

    Raises:
        UserError: the run is not of the recipe, or too large.
    """
    run = runs / recipe.name
    _check_made_by(recipe, runs)
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


def _check_made_by(recipe: Recipe, runs: Path) -> None:
    from train.commands.flags import add_training_flags, job_of
    from train.core.command_line import Parser

    parser, run = Parser("earshot train", ""), runs / recipe.name
    add_training_flags(parser)
    wanted, found = job_of(parser.parse_args(recipe.arguments(_places(runs))[1:])), read_job(run)
    elsewhere = replace(  # recordings lie in other places on other computers
        found,
        seed=wanted.seed,
        data=wanted.data,
        test_data=wanted.test_data,
        teachers=wanted.teachers,
        start_from=_elsewhere(found.start_from, wanted.start_from),
        extra_data=tuple(
            replace(extra, where=known.where)
            for extra, known in zip(found.extra_data, wanted.extra_data, strict=False)
        ),
    )
    if elsewhere != wanted:
        raise UserError(f"{run}: was not trained by {recipe.command}")
    if (run / runfolder.TFLITE).stat().st_size >= LARGEST_TFLITE_BYTES:
        raise UserError(f"{run}: its {runfolder.TFLITE} has {LARGEST_TFLITE_BYTES:,} bytes or more")


def _elsewhere(found: StartFrom | None, wanted: StartFrom | None) -> StartFrom | None:
    """The start as the recipe names it, if its weights are those."""
    return wanted if found and wanted and found.sha256 == wanted.sha256 else found


def _write_metrics(recipe: Recipe, run: Path, made: Path) -> None:
    """The figures, by names in place of the places of the computer that they were made on."""
    metrics = Metrics.read(run / runfolder.METRICS)
    first = recipe.trained_on[0]
    corpus = replace(metrics.corpus, name=first, path=first)
    settings = metrics.settings | {
        "data": first,
        "test_data": TESTED_ON,
        "extra_data": [
            {"where": Path(extra["where"]).name, "share": extra["share"]}
            for extra in metrics.settings["extra_data"]
        ],
        "teachers": list(recipe.teachers),
        "start_from": recipe.begins_with,
    }
    replace(metrics, command=f"earshot {recipe.command}", corpus=corpus, settings=settings).write(
        made / runfolder.METRICS
    )


def _write_job(run: Path, made: Path) -> None:
    """How it hears, for commands that need clips and were told of none: a few synthetic voices."""
    job = replace(
        read_job(run),
        data=None,
        extra_data=(),
        test_data=None,
        teachers=(),
        start_from=None,
        synthetic_clips=100,
    )
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
                name=recipe.trained_on[0],
                licence=LICENCE,
                attribution=ATTRIBUTION,
                clips=trained + corpus.unknown_pool,
                speakers=corpus.speakers[TRAINING],
            ),
            *(
                CardData(
                    use=TRAINING,
                    name=extra.name,
                    licence=LICENCE,
                    attribution=ATTRIBUTION,
                    clips=sum(extra.clips[word] for word in spec.words),
                    speakers=None,
                )
                for extra in corpus.extras
                if extra.name in recipe.trained_on
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
        command=f"earshot {recipe.command}",
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
