"""Runs side by side: which figures, what may be compared, and the page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import Browser
from operating_points import put_in_force
from page_layout import check_phone
from report_runs import LABELS, Page, edit_metrics, make_run, words

from train.core import runfolder
from train.core.errors import UserError
from train.core.metrics import mcnemar
from train.core.operating_point import OperatingPoint
from train.core.results.boards import BenchResult
from train.report.compare import NOTHING, Comparison, compare, write_page
from train.report.run_figures import read_run

Wrong = dict[str, tuple[str, str]]  # what was said and heard, by the clip
Edit = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run; tests only read it."""
    return make_run(tmp_path_factory.mktemp("runs") / "first")


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The same, to change."""
    return make_run(tmp_path / "second")


def beside(*runs: Path) -> Comparison:
    return compare([read_run(run) for run in runs])


def figures(comparison: Comparison, section: str, row: str) -> list[tuple[str, str]]:
    (found,) = [
        row_found.cells
        for section_found in comparison.sections
        for row_found in section_found.rows
        if section_found.title == section and row_found.name == row
    ]
    return [(cell.text.replace("\N{NO-BREAK SPACE}", " "), cell.detail) for cell in found]


def make_mistakes(run: Path, wrong: Wrong) -> None:
    """Let the int8 model have all clips right but these."""

    def edit(metrics: dict[str, Any]) -> None:
        confusion = 40 * np.eye(len(LABELS), dtype=int)
        for said, heard in wrong.values():
            confusion[LABELS.index(said), LABELS.index(said)] -= 1
            confusion[LABELS.index(said), LABELS.index(heard)] += 1
        metrics["int8"].update(confusion=confusion.tolist(), correct=int(np.trace(confusion)))

    edit_metrics(run, edit)
    entries = [
        {"file": "000.wav", "source": clip, "label": said, "predicted": heard, "score": 100}
        for clip, (said, heard) in wrong.items()
    ]
    runfolder.write_json(run / "mistakes" / "mistakes.json", {"version": 1, "mistakes": entries})


def test_figures_stand_side_by_side(first: Path, second: Path) -> None:
    edit_metrics(second, lambda metrics: metrics["int8"].update(accuracy=0.5, interval=[0.43, 0.57]))
    edit_metrics(second, lambda metrics: metrics.pop("float"))
    found = beside(first, second)
    assert found.names == ("first", "second")
    one, other = figures(found, "Accuracy", "int8")
    assert one[0] != other[0]
    assert other == ("50.0 %", "43.0–57.0")
    assert figures(found, "Accuracy", "float")[1] == (NOTHING, "")
    assert figures(found, "Sizes, bytes", "model.tflite") == [("18,912", "")] * 2
    assert figures(found, "Work of an inference", "MACs") == [("369,600", "")] * 2
    assert not found.cautions
    assert "Listening" not in [section.title for section in found.sections], "nothing was measured"


def test_boards_and_operating_points_of_those_that_have_them(first: Path, second: Path) -> None:
    sha256 = runfolder.read_spec(second).artefacts[runfolder.TFLITE]
    bench = {
        "board": "b1", "label": "emulated", "engine": "compiled", "build_id": "b", "model_sha256": sha256,
        "inference_count": 10, "ticks_per_s": 1000, "inference_ticks": {"min": 1, "max": 2},
        "row_ticks": {"min": 1, "max": 2}, "instructions_per_inference": 449_495, "inference_us": None,
        "instructions_per_row": 46_445, "row_us": None, "arena_bytes": 1, "flash_bytes": 37_560,
        "ram_bytes": 25_344, "stack_bytes": None,
    }  # fmt: skip
    runfolder.write_json(BenchResult.path_of(second, "b1"), bench)
    runfolder.write_json(BenchResult.path_of(second, "b2"), {**bench, "model_sha256": "0" * 64})
    put_in_force(second, OperatingPoint(300, 1500, 3, (255,) * len(LABELS)))
    found = beside(first, second)
    assert figures(found, "Work of an inference", "instructions, b1") == [(NOTHING, ""), ("449,495", "")]
    assert figures(found, "Sizes, bytes", "flash of b1, proof") == [(NOTHING, ""), ("37,560", "")]
    assert figures(found, "Listening", "false accepts an hour") == [(NOTHING, ""), ("0", "0.00–0.00")]
    assert figures(found, "Listening", "operating point") == [(NOTHING, ""), ("tuned", "")]
    (caution,) = found.cautions
    assert "b2/bench.json: is about another model" in caution
    (labelled,) = [
        row.label for section in found.sections for row in section.rows if "instructions," in row.name
    ]
    assert labelled == "emulated"


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (lambda metrics: metrics["corpus"].update(sha256="cd" * 32), "corpus"),
        (lambda metrics: metrics["corpus"].update(tested_on="another"), "corpus"),
        (lambda metrics: metrics.update(seed=2), "seed or shares"),
        (lambda metrics: metrics["settings"].update({"sampling.unknown_percentage": 20.0}), "seed or shares"),
        (lambda metrics: metrics["corpus"]["clips"]["testing"].update(ja=39), "seed or shares"),
    ],
)
def test_other_test_clips_are_told(first: Path, second: Path, edit: Edit, what: str) -> None:
    edit_metrics(second, edit)
    (caution,) = beside(first, second).cautions
    assert "first | second" in caution
    assert f"differ in {what}" in caution
    assert "neither accuracies nor their intervals compare" in caution


def test_more_training_clips_are_no_other_test_clips(first: Path, second: Path) -> None:
    edit_metrics(second, lambda metrics: metrics["corpus"].update(sha256="ab" * 32 + "+" + "cd" * 32))
    assert not beside(first, second).cautions


def test_the_same_clips_are_paired(first: Path, second: Path, tmp_path: Path) -> None:
    third = make_run(tmp_path / "third")
    make_mistakes(second, {"ja/a.wav": ("ja", "_unknown_"), "background noise": ("_silence_", "ja")})
    wrong = {f"ja/{clip}.wav": ("ja", "höre zu") for clip in "abcdefghij"}
    make_mistakes(third, wrong | {"sit/k.wav": ("_unknown_", "ja")})
    assert not beside(first, second).pairs, "its list of mistakes is not that of its figures"
    (sentence,) = beside(second, third).pairs
    assert "on the same 160 clips of words and other words" in sentence, "silence is made anew"
    assert (
        "second alone has 10 right, third alone 0; chance alone makes as great a difference in 0.2"
        in sentence
    )
    edit_metrics(third, lambda metrics: metrics.update(seed=2))
    (sentence,) = beside(second, third).pairs
    assert "on the same 120 clips of words: second alone has 9 right" in sentence
    edit_metrics(third, lambda metrics: metrics["corpus"].update(sha256="cd" * 32))
    assert not beside(second, third).pairs


@pytest.mark.parametrize(
    ("first_alone", "second_alone", "chance"),
    [(0, 0, 1.0), (5, 0, 2 / 32), (10, 2, 2 * (1 + 12 + 66) / 4096), (6, 6, 1.0), (900, 1100, 8.5e-6)],
)
def test_mcnemar(first_alone: int, second_alone: int, chance: float) -> None:
    assert mcnemar(first_alone, second_alone) == pytest.approx(chance, rel=0.02)
    assert mcnemar(second_alone, first_alone) == mcnemar(first_alone, second_alone)


def test_settings_that_differ_and_no_others(first: Path, second: Path) -> None:
    edit_metrics(
        second, lambda metrics: metrics["settings"].update(steps=[900], background_volume=0.2, new=1)
    )
    found = beside(first, second)
    (section,) = [section for section in found.sections if section.title == "Settings that differ"]
    assert [row.name for row in section.rows] == ["steps", "background volume"], "an older run knew no 'new'"
    assert figures(found, "Settings that differ", "steps") == [("12000, 3000", ""), ("900", "")]


def test_runs_of_one_name_are_told_apart(first: Path, tmp_path: Path) -> None:
    found = beside(first, make_run(tmp_path / "first"))
    assert [Path(name).name for name in found.names] == ["first", "first"]
    assert len(set(found.names)) == 2


def spoil(run: Path, name: str) -> None:
    (run / name).unlink()
    runfolder.write_json(run / runfolder.JOB, {})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda run: spoil(run, runfolder.METRICS),
            "is not finished; wait for it, or go on with: earshot train --resume",
        ),
        (lambda run: spoil(run, runfolder.SPEC), "not a finished run folder"),
        (lambda run: edit_metrics(run, lambda it: it.pop("corpus")), "has no 'corpus'; make it again with"),
        (
            lambda run: edit_metrics(run, lambda it: it["int8"].update(sha256="0" * 64)),
            "another model.tflite",
        ),
        (
            lambda run: edit_metrics(run, lambda it: [it.pop(key) for key in ("float", "graphdef", "int8")]),
            "no result",
        ),
    ],
)
def test_runs_that_cannot_be_compared_are_explained(second: Path, spoil: Any, message: str) -> None:
    spoil(second)
    with pytest.raises(UserError, match=message) as caught:
        read_run(second)
    assert "\n" not in str(caught.value)


def test_page(first: Path, second: Path, tmp_path: Path) -> None:
    """All of it escaped, in one file, and readable on a phone."""
    edit_metrics(second, lambda metrics: metrics["corpus"].update(tested_on="<i>another</i> corpus"))
    make_run(tmp_path / "a run with a <b>long name")
    found = beside(first, second, tmp_path / "a run with a <b>long name", make_run(tmp_path / "fourth"))
    path = tmp_path / "compare.html"
    write_page(path, found, "earshot compare <first> second")
    page = Page(path)
    text = words(page)
    assert "earshot compare <first> second" in text
    assert "<i>another</i> corpus" in text
    assert "a <b>long name" in text
    assert all(address.startswith(("data:", "#")) for address in page.addresses())
    assert {link["href"] for link in page.all("a")} == {f"#{heading['id']}" for heading in page.all("h2")}
    with Browser(tmp_path / "profile") as shown:
        check_phone(shown, path)
        assert not shown.complaints
