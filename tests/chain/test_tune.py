"""``earshot tune`` as a user runs it: measured, written, reported, generated; and its mistakes."""

import json
import shutil
from pathlib import Path

import pytest

from train.core.operating_point import OperatingPoints


@pytest.fixture
def copy(trained, tmp_path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "copy"))


@pytest.mark.slow
def test_a_run_is_tuned_and_can_go_back(trained, copy, command):
    code, output, messages = command(
        "hil", "tune", copy, "--minutes", 2, "--false-accepts-per-hour", 120, "--seed", 5
    )
    assert code == 0, messages
    assert "in force    tuned: mean of" in output
    content = json.loads((copy / "operating_points.json").read_text())
    assert (content["in_force"], content["labels"]) == ("tuned", ["_silence_", "_unknown_", "yes", "no"])
    tuned, original = content["points"]["tuned"], content["points"]["original"]
    assert original["settings"]["thresholds"] == [200] * 4
    assert tuned["settings"]["thresholds"][:2] == [255, 255]
    for point in (tuned, original):
        rows, everything = point["test"]["words"], point["test"]["all"]
        assert [row["label"] for row in rows] == ["yes", "no"]
        for name in ("false_accepts", "said", "false_rejects"):
            assert sum(row[name] for row in rows) == everything[name]
    assert tuned["test"]["all"]["said"] > 20
    assert tuned["test"]["all"]["false_rejects"] <= original["test"]["all"]["false_rejects"]
    streams = content["streams"]
    others = streams["testing"]["others"]
    assert (others["hours"], others["words"], others["clips"]) == (0.0333, 20, 8)
    assert 0.01 < others["speech_hours"] < 0.0167, "half of it, with pauses"
    assert [curve["label"] for curve in content["curves"]] == ["yes", "no", "all words"]
    assert "Operating points" in (copy / "report.html").read_text(encoding="utf-8")
    assert (copy / "plots" / "operating_points.png").stat().st_size > 5000

    assert command("codegen", copy)[0] == 0
    assert "Operating point: tuned" in (copy / "c" / "kws_settings.c").read_text()
    code, output, messages = command("hil", "tune", copy, "--use", "original")
    assert (code, "in force    original: mean of 1000 ms" in output) == (0, True), messages
    assert json.loads((copy / "operating_points.json").read_text()) == {**content, "in_force": "original"}

    as_trained = command("train", "tune", copy, "--false-accepts-per-hour", 60)
    assert as_trained[0] == 0
    assert (copy / "operating_points.json").read_bytes() == (trained / "operating_points.json").read_bytes()


@pytest.mark.slow
def test_every_run_ends_with_a_point_in_force(trained):
    content = OperatingPoints.read(trained / "operating_points.json")
    assert (content.in_force, content.target_false_accepts_per_hour) == ("tuned", 60)
    manifest = json.loads((trained / "c" / "manifest.json").read_text())
    assert manifest["operating_point"]["name"] == "tuned"
    figures = content.point.test.all
    assert figures.said - figures.false_rejects > 0.9 * figures.said, "tones are easy"
    assert content.point.verdict.for_whom == "2 speakers whom it was not trained on"
    page = (trained / "report.html").read_text(encoding="utf-8")
    assert f"The firmware {figures.headline}." in page
    assert page.index("The firmware hears") < page.index("Accuracy on the test clips")


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (
            ["--false-accepts-per-hour", "0"],
            "--false-accepts-per-hour is 0, expected more than 0 and at most",
        ),
        (["--false-accepts-per-hour", "-1"], "--false-accepts-per-hour is -1, expected more than 0"),
        (["--false-accepts-per-hour", "nan"], "--false-accepts-per-hour is nan, expected more than 0"),
        (["--minutes", "0"], "--minutes is 0, expected 0.05 to 1440"),
        (["--use", "tuned", "--seed", "3"], "--use tuned measures nothing; leave out --seed"),
        (["--data", "nowhere"], "nowhere: there is no such folder"),
    ],
)
def test_mistakes_in_the_flags(trained, command, flags, complaint):
    before = (trained / "operating_points.json").read_bytes()
    code, output, messages = command("hil", "tune", trained, *flags)
    assert (code, output) == (2, "")
    assert complaint in messages
    assert (trained / "operating_points.json").read_bytes() == before


def test_a_run_without_points_has_none_to_put_in_force(copy, command):
    (copy / "operating_points.json").unlink()
    code, _, messages = command("hil", "tune", copy, "--use", "original")
    assert code == 2
    assert "operating_points.json: nothing was tuned yet; begin with: earshot tune" in messages


def test_a_run_without_its_model(copy, command):
    (copy / "model.tflite").unlink()
    code, _, messages = command("hil", "tune", copy)
    assert code == 2
    assert "model.tflite: missing; the run was not finished or the file was removed" in messages


def test_no_validation_clips(copy, command, make_corpus, tmp_path):
    corpus = make_corpus(tmp_path / "corpus")
    (corpus / "validation_list.txt").write_text("")
    code, _, messages = command("hil", "tune", copy, "--data", corpus)
    assert code == 2
    assert "has no validation clip" in messages
