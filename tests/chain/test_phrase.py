"""A phrase is a word: ``--words "hey robot"`` through training, C, a firmware, its proof and its streams."""

import json
from pathlib import Path

import pytest

from train.core.runfolder import run_name

PHRASE = "hey robot"


@pytest.fixture(scope="module")
def phrases(make_corpus, once) -> Path:
    """The tones, one of them under the name of a phrase."""

    def make(folder: Path) -> None:
        root = make_corpus(folder / "tones")
        (root / "yes").rename(root / PHRASE)
        for split in root.glob("*_list.txt"):
            split.write_text(split.read_text().replace("yes/", f"{PHRASE}/"))

    return once("phrases", make) / "tones"


@pytest.fixture(scope="module")
def run(phrases, command, once) -> Path:
    """Trained with clips of one and a half seconds, as a phrase may need."""
    name = run_name([PHRASE, "no"])

    def make(folder: Path) -> None:
        code, output, messages = command(
            "train", "--words", " Hey   Robot ,no", "--data", phrases, "--training-steps", "60,20",
            "--eval-step-interval", 40, "--bank-clips", 400, "--clip-duration-ms", 1500,
            "--false-accepts-per-hour", 60, "--out", folder / name,
        )  # fmt: skip
        assert code == 0, messages
        assert PHRASE in output

    return once("phrase_run", make) / name


@pytest.mark.slow
def test_its_name_is_kept_and_has_a_folder_and_identifiers(run):
    assert run.name == "hey-robot_no"
    assert (run / "labels.txt").read_text().splitlines() == ["_silence_", "_unknown_", PHRASE, "no"]
    assert json.loads((run / "metrics.json").read_text())["corpus"]["clips"]["testing"][PHRASE] == 4
    assert '"hey robot"' in (run / "c" / "micro_model_settings.cc").read_text()
    assert (run / "c" / "hey_robot_0_features_data.h").is_file()
    assert PHRASE in (run / "report.html").read_text(encoding="utf-8")


def test_a_firmware_proves_it(run, phrases, command):
    code, output, messages = command("hil", "test", run, "--board", "host", "--data", phrases)
    assert code == 0, messages + output


def test_a_stream_of_it_is_listened_to(run, phrases, command):
    code, output, messages = command(
        "hil", "stream", run, "--board", "host", "--data", phrases, "--minutes", 1, "--seed", 3
    )
    assert code == 0, messages + output
    assert PHRASE in output
