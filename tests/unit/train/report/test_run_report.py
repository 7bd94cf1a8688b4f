"""The report is made from a run folder of plausible figures and tone clips."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from browser import Browser
from page_layout import check_phone
from report_runs import (
    LABELS,
    EditMetrics,
    Page,
    add_operating_points,
    assert_accessible,
    edit_metrics,
    make_metrics,
    words,
)

from train.audio.frontend import wav_features
from train.audio.wav import read_wav, to_float
from train.core import runfolder
from train.core.errors import UserError
from train.core.results.training import CurvePoint
from train.core.spec import ModelSpec
from train.report import gallery, plots, run_report
from train.report.page import count, percent, seconds
from train.report.run_report import write_report


def test_page_says_what_was_measured(finished: Path, page: Page) -> None:
    text, metrics = words(page), make_metrics()
    for key in ("float", "graphdef", "int8"):
        low, high = metrics[key]["interval"]
        assert f"{100 * metrics[key]['accuracy']:.1f} %" in text
        assert f"95 % interval {100 * low:.1f}–{100 * high:.1f} · n = 200" in text
    assert "differs from TFLite-Micro on 3 of 200 clips" in text
    assert "differ from the float model by at most 3.1e-06" in text
    assert "Always answering “_silence_” would be right on 20.0 %" in text
    assert "18,912 bytes" in text
    assert "host, 64-bit" in text
    assert "1 × 25 × 22 × 8" in text
    assert "374,000" in text  # MACs of all ops
    assert "Skipped: stereo (2)" in text
    assert "Kept: step 12,800" in text
    assert "2 min 49 s" in text  # all timings together
    assert runfolder.sha256_file(finished / runfolder.TFLITE) in text


def test_int8_classes_come_first_and_are_open(page: Page) -> None:
    folds = page.all("details")
    assert "open" in folds[0]
    assert not any("open" in fold for fold in folds[1:])
    text = words(page)
    assert text.index("int8, ") < text.index("GraphDef, ") < text.index("float, ")


def test_labels_and_paths_are_escaped(finished: Path, page: Page) -> None:
    assert "<b>$5_$<b>" in page.text
    assert "Some <fast> CPU" in page.text
    assert "höre zu" in page.text
    source = (finished / "report.html").read_text(encoding="utf-8")
    assert "<b>$5" not in source
    assert "<i>/cc" not in source
    assert not [tag for tag in page.tags if tag[0] == "fast"]


def test_page_asks_the_network_for_nothing(finished: Path, page: Page) -> None:
    assert page.addresses()
    for address in page.addresses():
        assert address.startswith(("data:", "#")), address
    source = (finished / "report.html").read_text(encoding="utf-8")
    assert "@import" not in source
    assert not re.search(r"url\((?!\s*[\"']?#)", source)  # SVG clip paths are url(#…)


def test_page_is_accessible(page: Page) -> None:
    assert_accessible(page)


def test_every_mistake_can_be_heard_up_to_a_limit(finished: Path, page: Page) -> None:
    sounds = [base64.b64decode((sound["src"] or "").partition(",")[2]) for sound in page.all("audio")]
    assert len(sounds) == 10 + gallery.MAX_GALLERY_CLIPS
    assert sounds[10] == (finished / "mistakes" / "000.wav").read_bytes()
    text = words(page)
    assert "ja heard as _unknown_" in text
    assert "99.6 % sure · int8 127" in text
    assert "5 more of 45 are not shown here" in text


def test_same_run_folder_same_bytes(finished: Path, drawn: Path) -> None:
    def made(folder: Path) -> dict[str, bytes]:
        return {
            path.name: path.read_bytes() for path in [folder / "report.html", *(folder / "plots").iterdir()]
        }

    write_report(drawn)
    assert made(drawn) == made(finished)
    assert set(made(drawn)) == {
        "report.html",
        "learning_accuracy.png",
        "learning_loss.png",
        "confusion_float.png",
        "confusion_graphdef.png",
        "confusion_int8.png",
        "features.png",
    }


def test_page_stays_small(finished: Path) -> None:
    sounds_bytes = (10 + gallery.MAX_GALLERY_CLIPS) * 32044 * 4 / 3
    assert (finished / "report.html").stat().st_size < sounds_bytes + 350_000


@pytest.mark.parametrize(("kind", "heading"), [("synthetic", "Synthetic voices"), ("random", "Random data")])
def test_figures_without_people_carry_a_banner(page: Page, run: Path, kind: str, heading: str) -> None:
    assert heading not in words(page)
    edit_metrics(run, lambda metrics: metrics["corpus"].update(kind=kind))
    warned = Page(write_report(run))
    assert heading in words(warned)
    assert [tag for tag, attributes in warned.tags if attributes.get("class") == "banner"]
    edit_metrics(run, lambda metrics: metrics["corpus"].update(tested_on="recordings"))
    assert heading not in words(Page(write_report(run)))


def test_missing_optional_files_are_named(run: Path) -> None:
    (run / runfolder.HISTORY).unlink()
    shutil.rmtree(run / "mistakes")
    shutil.rmtree(run / "clips")
    text = words(Page(write_report(run)))
    assert "history.json is not in the run folder" in text
    assert "mistakes/mistakes.json is not in the run folder" in text
    assert "clips.json is not in clips/, or empty" in text
    assert not (run / "plots" / "learning_loss.png").exists()


def test_settings_are_of_their_groups_without_empty_ones(run: Path) -> None:
    settings = {
        "steps": [12000, 3000], "data": None, "teachers": [], "recipe.mixup": 0.0,
        "recipe.feature_augmentation.tilt_db": 0.0, "recipe.feature_augmentation.gain_db": 3.0,
        "front_end.name": "average", "sampling.unknown_percentage": None,
    }  # fmt: skip
    edit_metrics(run, lambda metrics: metrics.update(settings=settings))
    made = words(Page(write_report(run))).partition("How it was made")[2]
    assert "Settings steps12000, 3000 Recipe mixup0.0 Feature augmentation gain db3.0 SHA-256" in made


def test_ten_mistakes_are_seen_and_the_rest_is_folded(page: Page) -> None:
    text = words(page).partition("What it got wrong")[2]
    assert text.count(" heard as ") == gallery.MAX_GALLERY_CLIPS
    assert text.partition("30 more to hear")[0].count(" heard as ") == 10
    assert words(page).index("Flash for the model") < words(page).index("What it got wrong")


def test_no_mistakes_is_good_news(run: Path) -> None:
    runfolder.write_json(run / "mistakes" / "mistakes.json", [])
    assert "got every test clip right" in words(Page(write_report(run)))


def test_unmeasured_results_are_named(run: Path) -> None:
    def only_float(metrics: dict[str, Any]) -> None:
        del metrics["int8"], metrics["graphdef"]

    edit_metrics(run, only_float)
    assert "Not measured: GraphDef, int8." in words(Page(write_report(run)))


def test_class_never_heard_has_no_precision(run: Path) -> None:
    edit_metrics(run, lambda metrics: metrics["int8"]["per_class"][0].update(precision=None, f1=None))
    assert "–" in words(Page(write_report(run))).partition("By class")[2][:400]


def test_only_one_label_got_everything(run: Path) -> None:
    """All right, and an interval that ends at 1: nothing divides by zero."""

    def perfect(metrics: dict[str, Any]) -> None:
        confusion = np.diag([0, 0, 0, 0, 40]).tolist()
        for key in ("float", "graphdef", "int8"):
            metrics[key].update(confusion=confusion, accuracy=1.0, interval=[1.0, 1.0], clips=40)

    edit_metrics(run, perfect)
    assert "100.0 %" in words(Page(write_report(run)))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda metrics: metrics.pop("corpus"), "has no 'corpus'"),
        (lambda metrics: metrics["corpus"].pop("clips"), "corpus: has no 'clips'"),
        (lambda metrics: metrics["int8"].pop("interval"), "int8: has no 'interval'"),
        (
            lambda metrics: metrics["int8"]["confusion"].pop(),
            r"int8: confusion is \(4, 5\), expected \(5, 5\)",
        ),
        (
            lambda metrics: metrics["float"].update(confusion=[[0.5]]),
            r"float: confusion\[0\]\[0\]: is 0\.5, expected a whole number",
        ),
        (lambda metrics: [metrics.pop(key) for key in ("float", "graphdef", "int8")], "holds no result"),
        (lambda metrics: metrics.update(corpus=[]), "corpus: is a list, expected an object"),
    ],
)
def test_bad_metrics_are_explained(run: Path, edit: EditMetrics, message: str) -> None:
    edit_metrics(run, edit)
    with pytest.raises(UserError, match=message):
        write_report(run)
    assert not (run / "report.html").exists()


def test_missing_metrics_are_explained(run: Path) -> None:
    (run / runfolder.METRICS).unlink()
    with pytest.raises(UserError, match=r"metrics\.json: there is no such file"):
        write_report(run)


def test_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a finished run folder"):
        write_report(tmp_path)


def test_figures_of_another_model_are_refused(run: Path) -> None:
    metrics = runfolder.read_json(run / runfolder.METRICS)
    metrics["int8"]["sha256"] = "0" * 64  # spec.json and model.tflite agree, but the scores are older
    runfolder.write_json(run / runfolder.METRICS, metrics)
    with pytest.raises(UserError, match=r"its int8 figures are of another model\.tflite"):
        run_report.write_report(run)


def test_model_of_another_run_is_refused(run: Path) -> None:
    (run / runfolder.TFLITE).write_bytes(b"another model")
    with pytest.raises(UserError, match="does not belong to"):
        write_report(run)


def test_damaged_clip_is_named(run: Path) -> None:
    (run / "clips" / "3.wav").write_bytes(b"RIFF")
    with pytest.raises(UserError, match=r"3\.wav: not a RIFF WAVE file"):
        write_report(run)


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (0.97, "score: is 0.97, expected a whole number"),
        (200, "score is 200, expected an int8 score"),
        (None, "score: is null, expected a whole number"),
    ],
)
def test_score_that_is_not_int8_is_refused(run: Path, score: Any, message: str) -> None:
    path = run / "mistakes" / "mistakes.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    entries[0]["score"] = score
    runfolder.write_json(path, entries)
    with pytest.raises(UserError, match=rf"mistakes\.json: mistakes\[0\]: {re.escape(message)}"):
        write_report(run)


def test_picture_is_upright(finished: Path) -> None:
    """A rising tone: low bins are at the bottom, the brightest spot is where the front end has it."""
    clip = read_wav(finished / "clips" / "9.wav", 16000)
    features = wav_features(to_float(clip)[np.newaxis], ModelSpec(labels=LABELS).front_end)[0]
    picture = matplotlib.image.imread(io.BytesIO(plots.feature_png(features / 255.0)))
    assert picture.shape[:2] == (43, 49)
    brightness = picture[..., :3].sum(axis=2)
    frame = 24
    assert brightness[:, frame].argmax() == 42 - features[frame].argmax()
    assert brightness[:, 0].max() == brightness.min()  # silence at the start is black


def test_long_training_is_thinned_not_cut() -> None:
    entries = [CurvePoint(step=step, accuracy=0.0, loss=float(step)) for step in range(1, 100_001)]
    steps, values = plots._thinned(entries, "loss")
    assert len(steps) == plots._CURVE_POINTS
    assert steps.mean() == pytest.approx(50_000.5, rel=1e-3)
    np.testing.assert_array_equal(steps, values)


def test_figures_for_people() -> None:
    assert percent(0.9123) == "91.2\N{NO-BREAK SPACE}%"
    assert percent(None) == "–"
    assert count(1234567) == "1,234,567"
    assert seconds(12.34) == "12.3\N{NO-BREAK SPACE}s"
    assert seconds(125) == "2\N{NO-BREAK SPACE}min 5\N{NO-BREAK SPACE}s"


def test_report_needs_no_tensorflow() -> None:
    code = "import sys, train.report.run_report; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_browser_runs_the_page(finished: Path, run: Path, tmp_path: Path) -> None:
    """Pictures have become players, nothing was refused or failed, and all of it can be read on a phone."""
    long = "a_name_without_a_place_to_break" * 4

    def lengthen(metrics: dict[str, Any]) -> None:
        metrics["corpus"].update(name=long, path=f"/{long}", note=long)
        metrics["settings"] |= {f"recipe.{long}": 1, "data": long}
        metrics["versions"][long] = long

    edit_metrics(run, lengthen)
    add_operating_points(run)
    write_report(run)
    with Browser(tmp_path / "profile") as shown:
        check_phone(shown, finished / "report.html")
        players = shown.run("document.querySelectorAll('[aria-label^=Play]').length")
        assert players == 10 + gallery.MAX_GALLERY_CLIPS
        check_phone(shown, run / "report.html")
        assert not shown.complaints
