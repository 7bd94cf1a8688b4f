"""The models that ship: their cards against their files, and their names in place of run folders."""

import re
from pathlib import Path

import pytest
from invoke import invoke
from places import ROOT

from codegen.export.library import load_library
from hil.live.detector import Detector
from train.core import runfolder
from train.core.errors import UserError
from train.core.installation import SHIPPED_MODELS
from train.core.operating_point import OperatingPoints
from train.core.pretrained import command
from train.core.pretrained.card import CARD, CARD_PAGE, LARGEST_TFLITE_BYTES
from train.core.pretrained.models import card_of, names, own_run, run_of
from train.core.results.training import Metrics
from train.settings.job import read_job
from train.tflite.graph import check_quantized, read_graph

ALL = pytest.mark.parametrize("name", names())


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a cache without anything."""
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_some_ship() -> None:
    assert {"ten_words", "yes_no"} <= set(names())


@ALL
def test_card_is_about_these_files(name: str) -> None:
    folder, card = SHIPPED_MODELS / name, card_of(name)
    found = {
        str(path.relative_to(folder)): (path.stat().st_size, runfolder.sha256_file(path))
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (CARD, CARD_PAGE)
    }
    assert {file: (entry.bytes, entry.sha256) for file, entry in card.files.items()} == found
    assert (folder / CARD_PAGE).read_text(encoding="utf-8") == card.page()


@ALL
def test_card_says_what_the_results_say(name: str) -> None:
    folder, card = SHIPPED_MODELS / name, card_of(name)
    spec = runfolder.read_spec(folder, needs=[runfolder.TFLITE, runfolder.KERAS, runfolder.GRAPHDEF])
    metrics = Metrics.read(folder / runfolder.METRICS)
    assert metrics.int8 is not None
    assert (card.words, card.architecture, card.front_end) == (
        spec.words,
        spec.architecture,
        spec.front_end.name,
    )
    assert card.front_end_sha256 == spec.front_end.sha256
    assert (card.int8.accuracy, card.int8.clips) == (metrics.int8.accuracy, metrics.int8.clips)
    assert metrics.int8.sha256 == spec.artefacts[runfolder.TFLITE]
    low, high = card.int8.interval
    assert 0.5 < low < card.int8.accuracy < high
    assert read_job(folder).spec.words == spec.words
    points = OperatingPoints.read(folder / runfolder.OPERATING_POINTS)
    assert points.model_sha256 == spec.artefacts[runfolder.TFLITE]
    assert card.point is not None
    assert card.point.thresholds == getattr(points.points, points.in_force).settings.thresholds


@ALL
def test_model_is_small_and_int8_throughout(name: str) -> None:
    path = SHIPPED_MODELS / name / runfolder.TFLITE
    assert path.stat().st_size < LARGEST_TFLITE_BYTES
    check_quantized(read_graph(path.read_bytes(), str(path)), str(path))


@ALL
def test_nothing_names_the_computer_it_was_made_on(name: str) -> None:
    for file in (SHIPPED_MODELS / name).rglob("*.json"):
        assert not re.search(r"/(work|root|home|tmp)\b", file.read_text(encoding="utf-8")), file


def test_name_stands_for_a_run_with_its_c(capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of("yes_no")
    assert runfolder.read_spec(run, needs=[runfolder.TFLITE]).words == ("yes", "no")
    assert (run / runfolder.C_SOURCES / "engine.c").is_file()
    assert run_of("yes_no") == run
    assert capsys.readouterr().err.count("unpacked in") == 1
    with Detector.load("yes_no") as detector:
        assert detector.labels[2:] == ("yes", "no")


def test_what_is_here_goes_first(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "yes_no").mkdir()
    assert run_of("yes_no") == own_run("yes_no") == Path("yes_no")
    assert "not the model of that name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "what"),
    [("yes_on", "did you mean yes_no"), ("ten_word", "did you mean ten_words")],
)
def test_almost_a_name(text: str, what: str) -> None:
    with pytest.raises(UserError, match=what):
        run_of(text)


def test_path_is_a_path() -> None:
    assert run_of("out/yes_no") == Path("out/yes_no")


def test_commands_that_change_a_run_take_none() -> None:
    with pytest.raises(UserError, match="earshot models yes_no --out"):
        own_run("yes_no")


def test_cache_that_cannot_be_written(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "file").write_text("")
    monkeypatch.setenv("EARSHOT_CACHE", str(elsewhere / "file"))
    with pytest.raises(UserError, match="EARSHOT_CACHE"):
        run_of("yes_no")


def test_list_card_and_copy(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    invoke(command, [])
    listed = capsys.readouterr().out
    assert all(name in listed for name in names())
    invoke(command, ["yes_no"])
    assert capsys.readouterr().out == card_of("yes_no").page()
    invoke(command, ["yes_no", "--out", "mine"])
    assert own_run("mine") == Path("mine")
    assert (elsewhere / "mine" / runfolder.C_SOURCES / "manifest.json").is_file()
    with pytest.raises(UserError, match="is there already"):
        invoke(command, ["yes_no", "--out", "mine"])


@pytest.mark.parametrize(
    ("arguments", "what"), [(["ten_word"], "did you mean ten_words"), (["--out", "x"], "of which model")]
)
def test_mistakes(arguments: list[str], what: str) -> None:
    with pytest.raises(UserError, match=what):
        invoke(command, arguments)


def test_export_names_whom_to_credit() -> None:
    library = load_library(run_of("yes_no"))
    page = library.render("common/numbers.md")
    assert "Pete Warden" in page
    assert "CC BY 4.0" in page


@ALL
def test_the_page_has_its_figures(name: str) -> None:
    card, page = card_of(name), (ROOT / "docs" / "PRETRAINED.md").read_text(encoding="utf-8")
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
    assert f"| {100 * card.int8.accuracy:.1f} % (" in row
    assert row.endswith(f"| {card.files[runfolder.TFLITE].bytes:,} |")
