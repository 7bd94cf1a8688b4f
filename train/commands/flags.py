"""The flags of ``earshot train`` and what they mean. Imports nothing slow: --help is quick."""

import argparse
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from train import architectures
from train.commands.corpus_flags import PSEUDO_FRACTION, add_data_flags, add_sampling_flags
from train.commands.feature_flags import (
    add_augmentation_flags,
    add_front_end_flags,
    augmentation_of,
    front_end_of,
)
from train.core.command_line import more, rare
from train.core.errors import UserError
from train.core.operating_point import NAMES
from train.core.pretrained.models import run_of
from train.core.runfolder import run_name
from train.core.spec import MICRO, FrontEnd
from train.data.sources import RANDOM
from train.evaluation.label_folding import WORD_PRESETS
from train.settings.augmentation import FeatureAugmentation
from train.settings.job import ExtraData, Job, StartFrom
from train.settings.presets import ORIGINAL, PRESETS
from train.settings.recipe import OPTIMIZERS, RECIPES, SCHEDULES, SETTLED, TEACHER_SCORES, Recipe
from train.settings.sampling import Sampling
from train.settings.words import parse_words
from train.training.cluster import ALONE, DISTRIBUTIONS
from train.training.start import NOTHING, start_of, usual_start

_EPILOG = """\
examples:
  earshot train --words yes,no --data recordings/
  earshot train --words bed,cat,happy --data speech_commands.tar.gz --out out/bedroom
  earshot train --resume out/bedroom
"""
_SHARE_TOLERANCE = 0.015  # 0.33 three times is meant to be all


def _list_of(kind: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    def parse(text: str) -> tuple[Any, ...]:
        return tuple(kind(item) for item in text.split(","))

    parse.__name__ = f"{'whole ' if kind is int else ''}numbers with commas between"
    return parse


def _join(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


# Flags that set a field of the recipe: the field, type or choices, placeholder, help.
_RECIPE_FLAGS: tuple[tuple[str, Any, str, str], ...] = (
    ("training_steps", _list_of(int), "N", "steps of each phase, or together"),
    ("learning_rates", _list_of(float), "R,R", "rate of each phase"),
    ("schedule", SCHEDULES, "", "the rate within a phase: the same, or up to it and down to nothing"),
    ("optimizer", OPTIMIZERS, "", ""),
    ("weight_decay", float, "D", "each step takes rate x D off every weight"),
    ("batch_size", int, "N", "clips per step"),
    ("dropout", float, "0..1", "share of activations dropped"),
    ("label_smoothing", float, "0..1", "share of the target spread over all labels"),
    ("mixup", float, "0..0.5", "each clip holds up to this share of another, and of its label"),
    ("hard_negatives", float, "N", "draw other words that pass for words up to N times as often"),
    (
        "unknown_per_word",
        float,
        "N",
        "clips of other words to train on, for each of the average word, without --unknown-percentage",
    ),
    ("class_balance", float, "0..1", "0: each clip is drawn as often, 1: each label of a corpus is"),
    ("patience_steps", int, "N", "stop where validation has not risen for so many steps; 0: go to the end"),
    ("average_steps", int, "N", "weights are averaged over about so many steps; 0: not at all"),
    ("quantization_aware_steps", int, "N", "steps more with the rounding of int8 in the network; 0: none"),
    ("teacher_share", float, "0..1", "of the loss, with --teacher"),
    ("teacher_temperature", float, "T", "softens the scores of a teacher"),
    (
        "teacher_scores",
        TEACHER_SCORES,
        "",
        "of each batch as it is, or cached: of each clip of the bank, once; then a teacher may have another "
        "front end",
    ),
    (
        "unknown_bias",
        SETTLED,
        "",
        "added to _unknown_ in the end: none, or the one that fits validation clips",
    ),
    ("temperature", SETTLED, "", "of the scores in the end, likewise"),
    ("eval_step_interval", int, "N", "steps between validations"),
)


def add_training_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of the main job."""
    parser.description = "From a list of words to a trained, quantized network and its C sources."
    parser.usage = "%(prog)s --words A,B [FLAG ...]"
    parser.epilog = more(_presets_shown(), f"{_presets_in_full()}\n{_EPILOG}")
    job = Job(("word",))

    main = parser.add_argument_group("what to train")
    main.add_argument(
        "--words",
        metavar="A,B",
        help=more(
            "the words to spot",
            f", any number of them, or {' or '.join(WORD_PRESETS)}: the 10 or all 30 of the 2017 challenge",
        ),
    )
    add_data_flags(main, job)
    main.add_argument(
        "--random-data", action="store_true", help=rare("noise with random labels, to debug the chain itself")
    )
    how = parser.add_argument_group("how to train")
    how.add_argument(
        "--preset",
        default=ORIGINAL,
        choices=tuple(PRESETS),
        metavar="NAME",
        help="front end, network and recipe, see below (%(default)s)",
    )
    _add_recipe_flag(how, "training_steps")
    how.add_argument(
        "--seed", type=int, default=job.seed, help=rare("same seed and data, same model (%(default)s)")
    )
    folder = parser.add_argument_group("the run folder")
    folder.add_argument("--out", type=Path, metavar="FOLDER", help="where it is (default: out/<words>)")
    folder.add_argument("--overwrite", action="store_true", help="replace the run in that folder")
    folder.add_argument("--resume", type=Path, metavar="RUN", help="go on with an interrupted run")
    folder.add_argument(
        "--stop-training",
        action="store_true",
        help=rare("with --resume: finish with the best weights so far"),
    )

    data = parser.add_argument_group(rare("which clips"))
    add_sampling_flags(data, job)
    add_augmentation_flags(data)
    data.add_argument(
        "--bank-clips",
        type=int,
        default=job.bank_clips,
        metavar="N",
        help="augmented clips whose features are computed before training (%(default)s)",
    )

    add_front_end_flags(parser.add_argument_group(rare("front end")))
    training = parser.add_argument_group(rare("network and recipe"))
    training.add_argument(
        "--architecture",
        metavar="NAME",
        help=f"one of {', '.join(architectures.names())} (default: the preset's)",
    )
    training.add_argument(
        "--recipe",
        choices=tuple(RECIPES),
        help="settings below that are not given; strong: for small networks on logarithmic features; "
        "listening: the same, for what hears all that is said (default: the preset's)",
    )
    for name, *_ in _RECIPE_FLAGS:
        if name != "training_steps":
            _add_recipe_flag(training, name)
    training.add_argument(
        "--feature-augmentation",
        metavar="NAME=N,…",
        help="other values for how features of training clips are varied, or none; names: "
        f"{', '.join(setting.name for setting in fields(FeatureAugmentation))}",
    )
    training.add_argument(
        "--teacher",
        action="append",
        default=[],
        type=run_of,
        metavar="RUN",
        help="a trained run whose scores are learned, too; may be given more than once",
    )
    training.add_argument(
        "--start-from",
        metavar="RUN",
        help="begin with the weights of a run, or of a name of earshot models, that has the same network and "
        f"front end; {NOTHING}: with none (the preset's, where that fits)",
    )
    add_point_flags(parser.add_argument_group("when a word is heard"), job)
    computers = parser.add_argument_group(rare("where to train (docs/DISTRIBUTED.md)"))
    computers.add_argument(
        "--distribute",
        default=ALONE,
        choices=DISTRIBUTIONS,
        help="over the GPUs of this computer, or over several computers, as TF_CONFIG says; a batch is "
        "divided among them (%(default)s)",
    )
    computers.add_argument(
        "--bank-folder",
        type=Path,
        metavar="FOLDER",
        help="keep feature banks here, as TFRecord files that all workers read (default: the cache)",
    )


def _presets_shown() -> str:
    """A paragraph for --help: what each is for."""
    width = max(map(len, PRESETS))
    lines = [f"  {preset.name:{width}} {preset.summary}" for preset in PRESETS.values()]
    return "\n".join(["presets (other flags go before what they set):", *lines, ""])


def _presets_in_full() -> str:
    """A paragraph for --help-all: what each sets, and what it reached."""
    lines = ["", "what presets set and reach:"]
    for preset in PRESETS.values():
        values = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in preset.shown.items())
        lines.append(f"  {preset.name}")
        for text in filter(None, (values, preset.reached)):
            indents = {"initial_indent": " " * 6, "subsequent_indent": " " * 6}
            lines += textwrap.wrap(text, 80, break_on_hyphens=False, **indents)
    return "\n".join([*lines, ""])


def _add_recipe_flag(group: Any, name: str) -> None:
    """A flag of ``_RECIPE_FLAGS``."""
    kind, metavar, text = next(row for field, *row in _RECIPE_FLAGS if field == name)
    by_value: dict[str, list[str]] = {}
    for recipe_name, recipe in RECIPES.items():
        by_value.setdefault(_join(getattr(recipe, name)), []).append(recipe_name)
    if len(by_value) > 1:
        values = ", ".join(f"{' and '.join(names)} {value}" for value, names in by_value.items())
    else:
        (values,) = by_value
    choices = kind if isinstance(kind, tuple) else None
    flag = "learning_rate" if name == "learning_rates" else name
    group.add_argument(
        f"--{flag.replace('_', '-')}",
        dest=name,
        type=str if choices else kind,
        choices=choices,
        metavar=None if choices else metavar,
        help=f"{text} ({values})",
    )


def _with_preset(arguments: argparse.Namespace) -> argparse.Namespace:
    """The flags, with the preset's values where none was given, wherever it stood."""
    given = {name: value for name, value in vars(arguments).items() if value is not None}
    return argparse.Namespace(**{**vars(arguments), **PRESETS[arguments.preset].settings, **given})


def add_point_flags(group: Any, job: Job) -> None:
    """What the firmware decides by."""
    group.add_argument(
        "--false-accepts-per-hour",
        type=float,
        default=job.false_accepts_per_hour,
        metavar="N",
        help="thresholds allow at most so many (%(default)g)",
    )
    group.add_argument(
        "--operating-point",
        default=job.operating_point,
        choices=NAMES,
        help=rare(
            "what the firmware decides by: the thresholds that were chosen, or those of micro_speech "
            "(%(default)s)"
        ),
    )


def _recipe_of(arguments: argparse.Namespace) -> Recipe:
    """The named recipe with the settings that flags change, and what the front end can have of it."""
    given = {name: value for name, *_ in _RECIPE_FLAGS if (value := getattr(arguments, name)) is not None}
    recipe = RECIPES[arguments.recipe].changed(**given)
    augmentation, changes = recipe.feature_augmentation, arguments.feature_augmentation
    if arguments.preprocess == MICRO:
        augmentation = augmentation.without_powers()
    if changes is not None:
        augmentation = augmentation.changed(changes)
    return replace(recipe, feature_augmentation=augmentation)


def _extra_data(text: str) -> ExtraData:
    """WHERE@SHARE."""
    where, at, share = text.rpartition("@")
    try:
        return ExtraData(where, float(share))
    except ValueError:
        raise UserError(
            f"--data {text}: only the first --data stands alone; expected WHERE@SHARE for the others, "
            f"such as {text if not at else where}@0.5"
        ) from None


def _first_data(given: Sequence[str], others: Sequence[ExtraData]) -> str | None:
    """Where the first --data is: it has what the others leave, and may say so.

    Raises:
        UserError: it says another share.
    """
    if not given:
        return None
    where, _, text = given[0].rpartition("@")
    try:
        share = float(text)
    except ValueError:
        return given[0]
    if not where or Path(given[0]).exists():
        return given[0]
    left = 1 - sum(other.share for other in others)
    if abs(share - left) > _SHARE_TOLERANCE:
        raise UserError(
            f"--data {given[0]}: the first --data has what the others leave of each batch, {left:g}; "
            f"expected {where}@{left:g}, or {where} alone"
        )
    return where


def _pseudo_data(arguments: argparse.Namespace) -> tuple[ExtraData, ...]:
    """--pseudo and its fraction as one more source of clips; none without."""
    where, share = arguments.pseudo, arguments.pseudo_fraction
    if where is None:
        if share is not None:
            raise UserError(f"--pseudo-fraction {share:g} goes with --pseudo FOLDER")
        return ()
    if arguments.random_data:
        raise UserError(f"--random-data and --pseudo {where} exclude each other")
    return (ExtraData(where, PSEUDO_FRACTION if share is None else share),)


def words_of(text: str) -> tuple[str, ...]:
    """The words that a flag names, one by one or by a preset.

    Raises:
        UserError: as ``parse_words``.
    """
    return parse_words(WORD_PRESETS.get(text, text))


def _start_of(arguments: argparse.Namespace, front_end: FrontEnd) -> StartFrom | None:
    """What the job begins with; without the flag what its preset does, where that fits."""
    named = arguments.start_from
    if named is None:
        return usual_start(PRESETS[arguments.preset], arguments.architecture, front_end)
    return None if named == NOTHING else start_of(named)


def job_of(arguments: argparse.Namespace) -> Job:
    """The job that the flags of the main job ask for.

    Raises:
        UserError: a value out of range, or words missing.
    """
    if not arguments.words:
        raise UserError("--words is missing; for example: earshot train --words yes,no")
    if arguments.random_data and arguments.data:
        raise UserError(f"--random-data and --data {arguments.data[0]} exclude each other")
    others = (*map(_extra_data, arguments.data[1:]), *_pseudo_data(arguments))
    arguments = _with_preset(arguments)
    recipe, front_end = _recipe_of(arguments), front_end_of(arguments)
    return Job(
        words=words_of(arguments.words),
        data=RANDOM if arguments.random_data else _first_data(arguments.data, others),
        extra_data=others,
        test_data=arguments.test_data,
        language=arguments.language,
        synthetic_clips=arguments.synthetic_clips,
        architecture=arguments.architecture,
        front_end=front_end,
        recipe=recipe,
        sampling=Sampling(arguments.silence_percentage, arguments.unknown_percentage),
        augmentation=augmentation_of(arguments, recipe, front_end),
        validation_percentage=arguments.validation_percentage,
        testing_percentage=arguments.testing_percentage,
        bank_clips=arguments.bank_clips,
        teachers=tuple(map(str, arguments.teacher)),
        start_from=_start_of(arguments, front_end),
        operating_point=arguments.operating_point,
        false_accepts_per_hour=arguments.false_accepts_per_hour,
        seed=arguments.seed,
        preset=arguments.preset,
    )


def default_out(job: Job) -> Path:
    return Path("out") / run_name(job.words)
