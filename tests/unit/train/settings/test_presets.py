"""Presets: what they stand for, and that flags go before them."""

import json
import shlex

import pytest
from every_setting import EVERY_SETTING
from invoke import parser, training_flags
from places import ROOT

from train import architectures
from train.commands import train
from train.commands.flags import job_of
from train.core.errors import UserError
from train.settings.augmentation import MICROPHONE_GAINS
from train.settings.job import Job
from train.settings.presets import BEST, ORIGINAL, PRESETS
from train.settings.recipe import RECIPES


def asked_for(flags: str) -> Job:
    return job_of(training_flags(shlex.split(flags)))


def test_the_default_is_the_original():
    job = asked_for("--words yes")
    assert job == asked_for("--words yes --preset original") == Job(("yes",))
    assert (job.preset, job.architecture, job.front_end.name) == (ORIGINAL, "tiny_conv", "average")
    assert job.recipe == RECIPES["original"]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (
            "--preset best",
            "--preprocess log_mel --architecture spectro_temporal --recipe listening --start-from words",
        ),
        (
            "--preset best --start-from nothing",
            "--preprocess log_mel --recipe listening --architecture spectro_temporal",
        ),
        ("--preset record", "--preprocess log_mel --recipe strong --architecture spectro_residual"),
        (
            "--preset best --training-steps 4000",
            "--preprocess log_mel --recipe listening --architecture spectro_temporal --training-steps 4000 "
            "--start-from words",
        ),
        (
            "--architecture ds_cnn --preset best",
            "--preprocess log_mel --recipe listening --architecture ds_cnn",
        ),
        ("--preset best --architecture tiny_conv --preprocess average --recipe original", ""),
        ("--preset best --preset original", ""),
        ("--preset micro", "--preprocess micro --architecture spectro_temporal --recipe listening"),
        ("--preset streaming", "--preprocess micro --architecture streaming --recipe listening"),
        (
            "--preset microwakeword",
            "--preprocess micro --window-stride-ms 10 --architecture wake_word --recipe strong",
        ),
        (
            "--preset microwakeword --window-stride-ms 20",
            "--preset streaming --architecture wake_word --recipe strong",
        ),
        ("--preset best --no-dc-block --dropout 0", "--no-dc-block --dropout 0 --preset best"),
        ("--preset best --no-dc-block", "--preset best --no-dc-block --start-from nothing"),
    ],
)
def test_a_preset_is_the_flags_it_stands_for_and_others_go_before_it(short, long):
    assert asked_for(f"--words yes {short}") == asked_for(f"--words yes {long}")
    assert asked_for(f"{short} --words yes") == asked_for(f"{long} --words yes")


def test_features_of_micro_are_moved_and_masked_and_its_levels_are_varied_in_the_audio():
    job = asked_for("--words yes --preset micro")
    features, best = job.recipe.feature_augmentation, RECIPES["listening"].feature_augmentation
    assert (features.time_masks, features.shift_frames) == (best.time_masks, best.shift_frames)
    assert not features.changes_powers
    assert (job.augmentation.gain_low, job.augmentation.gain_high) == MICROPHONE_GAINS
    masks = asked_for("--words yes --preset micro --feature-augmentation time_masks=3")
    assert masks.recipe.feature_augmentation.time_masks == 3
    with pytest.raises(UserError, match=r"--preprocess micro: its features .*--gain"):
        asked_for("--words yes --preset micro --feature-augmentation gain_db=3")


def test_a_run_records_the_preset_and_its_values():
    job = asked_for("--words yes --preset best --dropout 0.3")
    written = json.loads(job.to_json())
    assert (written["preset"], written["architecture"]) == (BEST, "spectro_temporal")
    assert Job.from_json(job.to_json(), "job.json").preset == BEST
    settings = job.settings()
    assert (settings["preset"], settings["recipe.dropout"], settings["front_end.name"]) == (
        BEST,
        0.3,
        "log_mel",
    )


def test_a_job_of_before_presets_is_read():
    content = json.loads(EVERY_SETTING.to_json())
    del content["preset"]
    assert Job.from_json(json.dumps(content), "job.json") == EVERY_SETTING


def test_a_preset_that_is_not_known():
    with pytest.raises(UserError, match=r"--preset bets is not known; did you mean best\?"):
        Job(("yes",), preset="bets")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_help_shows_what_it_sets_and_what_it_reached(preset):
    text = " ".join(parser(train).format_help().split())
    flags = [f"--{name.replace('_', '-')} {value}" for name, value in preset.shown.items()]
    for shown in (preset.summary, preset.reached, " ".join(flags)):
        assert shown in text
    assert preset.settings.keys() - preset.shown.keys() <= {"window_stride_ms"}
    assert preset.architecture in architectures.names()
    assert set(preset.settings) <= set(vars(training_flags([])))


@pytest.mark.parametrize(("name", "row"), [(ORIGINAL, "| yes_no |"), (BEST, "| yes_no-best |")])
def test_what_it_reached_is_what_the_document_says(name, row):
    lines = (ROOT / "docs/ACCURACY.md").read_text(encoding="utf-8").splitlines()
    int8 = next(line for line in lines if line.startswith(row)).split("|")[7]
    assert int8.partition("(")[0].strip() in PRESETS[name].reached
