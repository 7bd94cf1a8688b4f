"""The main job on real recordings, straight from their archive."""

import json

import pytest
from places import RECORDINGS

from train.core import runfolder

NAMES = ("_silence_", "_unknown_", "yes", "no")


@pytest.mark.shared
@pytest.mark.sweep
@pytest.mark.slow
@pytest.mark.skipif(not RECORDINGS.is_file(), reason="../shared has no recordings")
def test_the_main_job_on_the_archive(command, tmp_path):
    """A thirtieth of the recipe: better than guessing, and int8 as good as float."""
    run = tmp_path / "run"
    code, output, messages = command(
        "train", "--words", "yes,no", "--data", RECORDINGS, "--training-steps", "400,100",
        "--bank-clips", 4000, "--eval-step-interval", 250, "--out", run,
    )  # fmt: skip
    assert code == 0, messages
    runfolder.read_spec(run, needs=["model.keras", "model.pb", "model.tflite", "labels.txt"])
    for name in ("report.html", "c/model.cc", "c/yes_0_features_data.cc", "history.json"):
        assert (run / name).is_file(), name
    assert (run / "model.tflite").stat().st_size < 20_000

    metrics = json.loads((run / "metrics.json").read_text())
    clips = metrics["corpus"]["clips"]
    for split, least in (("training", 250), ("validation", 25), ("testing", 25)):
        assert tuple(clips[split]) == NAMES
        assert clips[split]["yes"] + clips[split]["no"] >= least, split
        assert clips[split]["_silence_"] == clips[split]["_unknown_"]
    assert metrics["corpus"]["split"] == "lists"
    assert metrics["corpus"]["skipped"] == []
    assert metrics["float"]["clips"] == metrics["int8"]["clips"] == sum(clips["testing"].values())
    assert metrics["float"]["accuracy"] > 0.4, "guessing gives 0.25"
    assert abs(metrics["int8"]["accuracy"] - metrics["float"]["accuracy"]) < 0.06
    assert metrics["graphdef"]["max_score_difference"] < 1e-5
    assert "model.tflite" in output
