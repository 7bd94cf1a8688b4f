"""Operating points in the report: what the firmware hears, and what its thresholds are worth."""

from pathlib import Path

from report_runs import Page, add_operating_points, assert_accessible, words

from train.core import runfolder
from train.report.run_report import write_report


def test_operating_points(page: Page, drawn: Path) -> None:
    assert "Operating points" not in words(page)
    add_operating_points(drawn)
    found = Page(write_report(drawn))
    text = words(found)
    assert "The firmware decides by tuned" in text
    assert "at most 0.5 false accepts an hour" in text
    assert "jatuned1401 0.5 (0.25–5.50) 19 of 40 22.5 % (10.0–40.0)" in text
    assert "höre zutuned900 0 (0.25–5.50) 00 of 0 –" in text
    assert "more false accepts than the target" not in text, "0.25 an hour is within the interval"
    assert "in 2 hours of noise, 0.9 of running synthetic speech in them, and 2,400 other words alone" in text
    assert "false accepts an hour" in text
    assert "<b>$5_$<b>" in found.text
    assert (drawn / "plots" / "operating_points.png").stat().st_size > 5000
    assert_accessible(found)
    made = (drawn / "report.html").read_bytes()
    assert write_report(drawn).read_bytes() == made


def test_what_the_firmware_hears_is_said_first(run: Path) -> None:
    add_operating_points(run)
    text = words(Page(write_report(run)))
    headline = "The firmware hears 8 of 10 words, 1.5 false accepts an hour (0.25 to 5.5)."
    assert text.index(headline) < text.index("Accuracy on the test clips")
    assert "68 of 80 words in streams of test clips, and 3 false accepts in 2 h without these words" in text
    assert "fit for use" not in text, "nobody judged it"
    content = runfolder.read_json(run / runfolder.OPERATING_POINTS)
    verdict = {"fitness": "not yet", "for_whom": "one <speaker>", "reasons": ["deaf"], "advice": ["a", "b"]}
    content["points"]["tuned"]["verdict"] = verdict
    runfolder.write_json(run / runfolder.OPERATING_POINTS, {"version": 3, **content})
    page = Page(write_report(run))
    assert "said by one <speaker>. Not yet fit for use. deaf To do: a; b." in words(page)
    assert_accessible(page)


def test_a_target_missed_on_the_test_clips_is_told(run: Path) -> None:
    add_operating_points(run)
    content = runfolder.read_json(run / runfolder.OPERATING_POINTS)
    content["points"]["tuned"]["test"]["all"]["false_accepts_interval"] = [0.51, 9.0]
    runfolder.write_json(run / runfolder.OPERATING_POINTS, content)
    assert "more false accepts than the target" in words(Page(write_report(run)))


def test_operating_points_of_another_model_are_told(run: Path) -> None:
    add_operating_points(run)
    content = runfolder.read_json(run / runfolder.OPERATING_POINTS)
    runfolder.write_json(run / runfolder.OPERATING_POINTS, {**content, "model_sha256": "0" * 64})
    assert "was made for another model.tflite; make it again with" in words(Page(write_report(run)))
