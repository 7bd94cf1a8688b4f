"""The flags of earshot train: defaults, traps, and that asking for help costs nothing."""

import argparse
import dataclasses
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from every_setting import EVERY_FLAG, EVERY_SETTING
from invoke import parser, training_flags
from places import ROOT

from train import architectures
from train.commands import download, ensemble, evaluate, evaluation_flags, pseudo_label, report, submit
from train.commands import flags as cli
from train.commands import train as train_command
from train.core.errors import UserError
from train.core.spec import FrontEnd
from train.settings.augmentation import AUDIO_CHANGES, Augmentation
from train.settings.job import Job
from train.settings.sampling import Sampling

MODULES = {
    "": train_command,
    "evaluate": evaluate,
    "report": report,
    "download": download,
    "ensemble": ensemble,
    "pseudo-label": pseudo_label,
    "submit": submit,
}
REQUIRED = {
    "evaluate": ["out/a"],
    "report": ["out/a"],
    "ensemble": ["out/a", "out/b", "--out", "e.json"],
    "pseudo-label": ["out/a", "--data", "clips", "--out", "pseudo"],
    "submit": ["out/a", "--test", "clips", "--out", "s.csv"],
}
STRICT_ROOMS = ["core", "settings", "audio", "data", "synth", "detection", "report"]  # mypy reads them whole
LEAVES = [
    "audio.compression", "audio.frontend", "audio.wav", "challenge.answer_key",
    "challenge.pseudo_labels", "challenge.scored_files", "challenge.submission",
    "challenge.submission_rules", "core.errors", "core.installation", "core.metrics", "core.native",
    "core.operating_point", "core.resumable", "core.runfolder", "core.spec", "evaluation.label_folding",
    "graphdef.tf14", "tflite.graph", "tflite.reader", "tflite.schema", "tflite.tflm", "training.cluster",
]  # fmt: skip


def job_of(*flags: str) -> Job:
    return cli.job_of(training_flags(flags))


def refused(parser: argparse.ArgumentParser, *flags: str) -> str:
    """What the parser says about flags it does not take."""
    with pytest.raises(UserError) as caught:
        parser.parse_args(flags)
    return str(caught.value)


def python(code: str, *arguments: str) -> str:
    """Standard output of a fresh interpreter in the repository."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Runs a command as python -m does, then prints what it imported and the seconds of processor time:
# those of the clock depend on what else the machine is doing.
HELP = """
import runpy, sys, time
sys.argv[0] = "train"
try:
    runpy.run_module("train", run_name="__main__")
except SystemExit as end:
    assert end.code in (0, None), end.code
print("@", time.process_time(), *sys.modules)
"""


@pytest.mark.parametrize("name", MODULES)
def test_help_is_quick_and_imports_no_tensorflow(name):
    text, _, measured = python(HELP, *name.split(), "--help").rpartition("@")
    seconds, *modules = measured.split()
    assert text.startswith(f"usage: python -m train {name}".rstrip())
    assert "argparse" in modules  # so the list is real
    assert not {"tensorflow", "keras", "matplotlib", "jinja2"} & set(modules)
    assert float(seconds) < 1.0


@pytest.mark.parametrize(
    "module",
    [
        *LEAVES,
        "commands.flags",
        "commands.train",
        "settings.job",
        "data.corpus",
        "data.dataset",
        "data.augment",
        "data.feature_cache",
        "data.stored_features",
        "data.job_data",
        "settings.recipe",
        "data.sources",
        "architectures",
    ],
)
def test_importing_does_not_import_tensorflow(module):
    loaded = python(f"import sys, train.{module}; print(*sys.modules)").split()
    assert f"train.{module}" in loaded
    assert not {"tensorflow", "keras"} & set(loaded)


def test_the_leaves_are_those_of_pyproject():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    others = [leaf for leaf in LEAVES if leaf.partition(".")[0] not in STRICT_ROOMS]
    assert sorted(settings["tool"]["mypy"]["files"]) == sorted(
        [
            *(f"train/{room}" for room in STRICT_ROOMS),
            *(f"train/{leaf.replace('.', '/')}.py" for leaf in others),
            "codegen",
            "hil",
        ]
    )


def test_defaults_are_those_of_the_dataclasses():
    assert job_of("--words", "yes") == Job(("yes",))


def test_defaults_of_evaluate():
    flags = parser(evaluate).parse_args(["out/a"])
    assert flags.run == Path("out/a")
    assert (flags.split, flags.model, flags.json) == ("testing", "all", None)
    # What is not said is as it was in training: the seed, for one, picks the synthetic test voices.
    assert evaluation_flags.evaluation_job(EVERY_SETTING, flags) == EVERY_SETTING


def test_evaluation_takes_what_is_said():
    flags = parser(evaluate).parse_args(
        ["out/a", "--data", "b", "--seed", "9", "--unknown-percentage", "3", "--testing-percentage", "5"]
    )
    job = evaluation_flags.evaluation_job(EVERY_SETTING, flags)
    assert (job.data, job.seed, job.testing_percentage, job.language) == ("b", 9, 5, "de")
    assert job.sampling == Sampling(11, 3)


def test_every_flag_arrives():
    assert job_of(*(text for pair in EVERY_FLAG.items() for text in pair)) == EVERY_SETTING
    assert job_of(*(f"{flag}={value}" for flag, value in EVERY_FLAG.items())) == EVERY_SETTING


@pytest.mark.parametrize(
    ("name", "given", "is_on"),
    [
        ("average", [], False),
        ("average", ["--dc-block"], True),
        ("log", [], True),
        ("log_mel", [], True),
        ("log_mel", ["--no-dc-block"], False),
        ("pcan", [], True),
        ("mfcc", [], False),
        ("mfcc", ["--dc-block"], True),
        ("raw", [], False),
    ],
)
def test_which_front_ends_block_dc(name, given, is_on):
    assert job_of("--words", "yes", "--preprocess", name, *given).front_end.dc_block is is_on


STRONG_LOG = ("--recipe", "strong", "--preprocess", "log_mel")


@pytest.mark.parametrize(
    ("given", "gains", "dc_offset"),
    [
        ([], (1, 1), 0),
        (["--dc-block"], (1, 1), 0),
        (["--gain", "0.3"], (0.3, 0.3), 0),
        (["--gain", "0.3,2", "--dc-offset", "20"], (0.3, 2), 20),
        (STRONG_LOG, (1, 1), 0),  # the level is drawn on features, the offset is taken off
        ([*STRONG_LOG, "--no-dc-block"], (1, 1), 1500),
        ([*STRONG_LOG, "--no-dc-block", "--dc-offset", "0"], (1, 1), 0),
        ([*STRONG_LOG, "--gain", "0.5,1"], (0.5, 1), 0),
        ([*STRONG_LOG, "--feature-augmentation", "none"], (0.05, 1.5), 0),
        ([*STRONG_LOG, "--feature-augmentation", "quieter_db=0,louder_db=0"], (0.05, 1.5), 0),
        (["--recipe", "strong", "--feature-augmentation", "none"], (0.05, 1.5), 1500),  # average
    ],
)
def test_the_level_is_drawn_in_one_place_and_never_by_the_originals_recipe(given, gains, dc_offset):
    augmentation = job_of("--words", "yes", *given).augmentation
    assert (augmentation.gain_low, augmentation.gain_high) == gains
    assert augmentation.dc_offset == dc_offset


def test_no_flag_was_forgotten_above():
    others = {
        "--help",
        "--preset",
        "--recipe",
        "--help-all",
        "--dc-block",
        "--no-dc-block",
        "--random-data",
        "--out",
        "--overwrite",
        "--resume",
        "--stop-training",
        "--distribute",
        "--bank-folder",
    }
    known = {option for action in parser(train_command)._actions for option in action.option_strings} - {"-h"}
    assert known == set(EVERY_FLAG) | others
    settings, defaults = EVERY_SETTING.settings(), Job(("word",)).settings()
    unset = {name for name in settings if settings[name] == defaults[name]}
    assert {name.partition(".feature_augmentation")[0] for name in unset} == {"recipe", "preset"}


def test_job_round_trip():
    for job in (EVERY_SETTING, Job(("größe",))):
        assert Job.from_json(job.to_json(), "job.json") == job
    assert "größe" in Job(("größe",)).to_json()


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("recipe"),
        lambda content: content.update(colour="red"),
        lambda content: content["recipe"].update(dropout="much"),
        lambda content: content["front_end"].pop("name") and content["front_end"].update(title="x"),
        # From a stranger: as on the command line.
        lambda content: content.update(words=["/etc/a"]),
        lambda content: content.update(words=["..", "no"]),
        lambda content: content.update(words=["yes", "Yes"]),
        lambda content: content.update(words=["silence"]),
        lambda content: content.update(words="yes"),
        lambda content: content.update(words=[1]),
        lambda content: content.update(data=["a"]),
        lambda content: content.update(language=None),
        lambda content: content.update(seed=10**30),
        lambda content: content["recipe"].update(training_steps=[[1]]),
        lambda content: content["recipe"].update(batch_size=True),
    ],
)
def test_job_of_another_version_is_refused(change):
    content = json.loads(EVERY_SETTING.to_json())
    change(content)
    with pytest.raises(UserError, match=r"out/a/job\.json: not the settings of a run of this version"):
        Job.from_json(json.dumps(content), "out/a/job.json")


@pytest.mark.parametrize("name", MODULES)
def test_unknown_flags_and_words_are_refused(name):
    run = REQUIRED.get(name, [])
    assert ": there is no --window-stride; " in refused(parser(MODULES[name]), *run, "--window-stride", "10")


@pytest.mark.parametrize("flag", ["--word=yes", "--rand", "--over", "--silence=10", "--seeds=1", "--split"])
def test_flags_are_not_guessed_from_their_beginning(flag):
    """An abbreviation that works today means something else once a flag is added."""
    assert f"there is no {flag.partition('=')[0]}; " in refused(parser(train_command), "--words=yes", flag)


@pytest.mark.parametrize("flag", ["--overwrite", "--random-data", "--stop-training"])
def test_switches_take_no_value(flag):
    """With the original's type=bool, --flag 0 and --flag False switched the flag on."""
    assert f"{flag}: takes no value, found 'False'" in refused(parser(train_command), f"{flag}=False")
    assert ": 0: expected a flag before it" in refused(parser(train_command), flag, "0")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--training-steps", "12000,x"], "'12000,x': expected whole numbers with commas between"),
        (["--training-steps", "100.5"], "'100.5': expected whole numbers with commas between"),
        (["--training-steps", ""], "'': expected whole numbers with commas between"),
        (["--learning-rate", "0.1,"], "'0.1,': expected numbers with commas between"),
        (["--seed", "x"], "--seed 'x': expected a whole number"),
        (["--window-stride-ms", "20.5"], "--window-stride-ms '20.5': expected a whole number"),
        (["--optimizer", "sgd"], "--optimizer sgd is not known; known: gradient_descent, momentum, adam"),
        (["--preprocess", "melt"], "--preprocess melt is not known; known: average"),
        (["--preset", "bets"], "--preset bets is not known; did you mean best? "),
        (["--words"], "--words: expected a value behind it"),
    ],
)
def test_values_that_cannot_be_read(flags, said):
    assert said in refused(parser(train_command), *flags)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--words is missing; for example: earshot train --words yes,no"),
        (["--words", ""], "--words '' names nothing; expected A,B"),
        (["--words", "yes,yes"], "yes named more than once"),
        (["--words", "a", "--random-data", "--data", "x"], "--random-data and --data x exclude each other"),
        (["--words", "a", "--training-steps", "5,4,1"], "names 3 phases and --learning-rate 2"),
        (["--words", "a", "--training-steps", "5", "--learning-rate", "1,1,1"], "names 1 phase and .* 3;"),
        (["--words", "a", "--training-steps", "0"], "--training-steps is 0, expected more than 0"),
        (["--words", "a", "--seed", "-1"], "--seed is -1"),
        (["--words", "a", "--bank-clips", "0"], "--bank-clips is 0"),
        (["--words", "a", "--synthetic-clips", "0"], "--synthetic-clips is 0"),
        (["--words", "a", "--dropout", "nan"], "--dropout is nan"),
        (["--words", "a", "--time-shift-ms", "nan"], "--time-shift-ms is nan"),
        (["--words", "a", "--validation-percentage", "101"], "--validation-percentage is 101.0"),
        (["--words", "a", "--testing-percentage", "-1"], "--testing-percentage is -1.0"),
        (["--words", "a", "--testing-percentage", "90"], "leave nothing to train on"),
        (["--words", "a", "--window-size-ms", "0"], "window_size_ms is 0"),
    ],
)
def test_values_that_make_no_sense(flags, message):
    with pytest.raises(UserError, match=message):
        job_of(*flags)


def test_random_data():
    assert job_of("--words", "yes", "--random-data").data == "random"


def test_where_a_run_goes():
    assert cli.default_out(Job(("yes", "no"))) == Path("out/yes_no")


def test_help_names_every_architecture_and_default():
    text = " ".join(parser(train_command).format_help().split())
    assert f"one of {', '.join(architectures.names())} (default: the preset's)" in text
    assert "steps of each phase, or together (original 12000,3000, strong and listening 12000)" in text
    assert "rate of each phase (original 0.001,0.0001, strong and listening 0.006)" in text
    assert "times as often (original and strong 0.0, listening 8.0)" in text
    assert "with --teacher (0.9)" in text, "what all have is named once"
    by_others = ("name", "gain_low", "gain_high", "dc_offset", "dc_block", *AUDIO_CHANGES)  # or one for all
    for group in (FrontEnd(), Augmentation()):
        for field in dataclasses.fields(group):
            value = getattr(group, field.name)
            assert field.name in by_others or f"({value})" in text, field.name
