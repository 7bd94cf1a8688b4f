"""``earshot report``: figures of boards joined, whatever of them is there, and shown on the page."""

import html
import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from board_figures import BENCH, LAYERS, SIZE, STREAM, result
from invoke import invoke
from report_runs import Page, make_run

from hil.boards.build import Firmware, Usage
from hil.boards.stack import StackBound
from hil.commands import full_report
from hil.commands.build import write_size
from hil.commands.report import join
from train.core import runfolder
from train.core.errors import UserError
from train.report.run_report import write_report

pytestmark = pytest.mark.usefixtures("without_pictures")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


def put(run: Path, board: str, name: str, content: dict[str, Any], **changes: Any) -> None:
    model_sha256 = runfolder.read_spec(run).artefacts[runfolder.TFLITE]
    runfolder.write_json(run / "hil" / board / name, {"model_sha256": model_sha256, **content, **changes})


def report(run: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """``earshot report RUN``, up to the catching of errors."""
    monkeypatch.setattr(sys, "argv", ["hil", "report", str(run)])
    importlib.import_module("hil.__main__").main()
    return Page(run / runfolder.REPORT)


def words(page: Path) -> str:
    """The text of a page, a space between any two cells."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.read_text(encoding="utf-8"))).split())


def test_all_parts_are_shown(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(run, "mps2-an386", "result.json", result())
    put(run, "mps2-an386", "stream.json", STREAM)
    put(run, "mps2-an386", "bench.json", BENCH)
    put(run, "mps2-an386", "layers.json", LAYERS)
    put(
        run, "board", "bench.json", BENCH, label="measured", instructions_per_inference=None, inference_us=9.8
    )
    put(run, "host", "result.json", result(label="host", proven=False, scores_differing=3, faults=[]))
    usage = Usage(31_664, 20_848, StackBound(484, (), (), 0))
    write_size(run, "mps2-an386", "earshot", "compiled", Firmware(run / "earshot", 5472, usage))
    write_size(run, "host", "earshot", "compiled", Firmware(run / "earshot", 5472, None))
    page = report(run, monkeypatch)
    text = words(run / runfolder.REPORT)
    for expected in (
        "float host", "int8 host", "mps2-an386 emulated 91.2 % 88.0–94.0 500, testing 91.2 %",
        "7 of 1,053,500 0 of 2,500 yes", "3 of 2,500 no",
        "serial, with faults on purpose 23.45 0 17,171 11 12 1",
        "mps2-an386 emulated 1.5 3 2 1 1 1 80.0 (9.7–289.0) 2 of 3 412 / 778 ms 0 of 3",
        "earshot compiled 31,664 20,848 5,472 484", "in an emulator, whose results are the board's",
        "mps2-an386 emulated compiled 1,234,567 234,567 34,567 4,660,438 – – –",
        "board measured compiled – 234,567 34,567 4,660,438 9.8 – –",
        "on the board itself",
        "Where an inference goes on mps2-an386, operator by operator 400 instructions (emulated",
        "0 CONV_2D 49 × 20 × 8 300 75.0 % 400 0.75 392 2,136 conv_s8 5x5, tiles of 5; DSP",
        "1 RESHAPE 7840 100 25.0 % – – 0 0 –",
    ):  # fmt: skip
        assert expected in text
    marks = [mark for mark in page.all("i") if "title" in mark]
    assert [mark["class"] for mark in marks] == [
        "said word", "said word", "heard correct", "heard wrong", "said word", "heard false-positive",
    ]  # fmt: skip
    assert marks[0]["style"] == "--left: 1.7%"
    assert marks[3]["title"] == "heard: <b>$5_$<b> at 5.5 s, wrong"
    assert {"href": "#boards"} in page.all("a")
    printed = capsys.readouterr().out
    assert "91.2 % of 500 clips (emulated, proven), 1 of 3 words in 1.5 minutes" in printed
    assert "1,234,567 instructions an inference" in printed
    assert "NOT PROVEN" in printed


def test_what_train_wrote_stays(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Page(write_report(run))
    assert "boards" not in {heading["id"] for heading in before.all("h2")}
    put(run, "host", "result.json", result())
    after = report(run, monkeypatch)
    assert [heading["id"] for heading in before.all("h2")] == [
        heading["id"] for heading in after.all("h2") if heading["id"] != "boards"
    ]
    assert len(after.all("audio")) == len(before.all("audio")) > 0
    page = (run / runfolder.REPORT).read_text()
    assert write_report(run).read_text() == page, "earshot report keeps the boards"


PARTS = {
    "result.json": (result(), "The line to the boards"),
    "stream.json": (STREAM, "Listening"),
    "size.json": (SIZE, "Firmware"),
    "bench.json": (BENCH, "Work The fastest"),
    "layers.json": (LAYERS, "Where an inference goes"),
}


@pytest.mark.parametrize("name", PARTS)
def test_one_part_is_enough(run: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    put(run, "host", name, PARTS[name][0])
    report(run, monkeypatch)
    text = words(run / runfolder.REPORT)
    assert [heading in text for _, heading in PARTS.values()] == [part == name for part in PARTS]


def test_a_stream_cut_short(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = {"minutes": 0.0, "latency_ms": None, "detections": [], "truth": [], "complete": False}
    put(run, "host", "stream.json", STREAM, **empty)
    report(run, monkeypatch)
    assert "host emulated, cut short 0 3" in words(run / runfolder.REPORT)


def test_figures_of_another_model_are_left_out(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(run, "host", "result.json", result())
    put(run, "mps2-an385", "result.json", result(), model_sha256="0" * 64)
    report(run, monkeypatch)
    text = words(run / runfolder.REPORT)
    assert "mps2-an385" not in text
    assert "is about another model (SHA-256 000000000000…" in re.sub(r"\s+", " ", capsys.readouterr().err)
    joined = run / "hil" / "report.json"
    content = json.loads(joined.read_text())
    runfolder.write_json(joined, {**content, "model_sha256": "1" * 64})
    text = words(write_report(run))
    assert "The boards were tested with another model than this; make it again: earshot report" in text
    assert "7 of 1,053,500" not in text


def test_nothing_to_report(run: Path) -> None:
    with pytest.raises(UserError, match="nothing on this model to report; begin with: earshot test"):
        join(run)


def test_damaged_files_are_told(run: Path) -> None:
    put(run, "host", "result.json", {"accuracy": 1.0})
    again = f"make it again with: earshot test --board host {run}"
    with pytest.raises(UserError, match=rf"result\.json: has no 'interval'; {again}"):
        join(run)
    runfolder.write_json(run / "hil" / "host" / "result.json", [1])
    with pytest.raises(UserError, match=rf"result\.json: is a list, expected an object; {again}"):
        join(run)
    runfolder.write_json(run / "hil" / "report.json", {"model_sha256": "0" * 64, "boards": 1})
    complaint = rf"report\.json: boards: is 1, expected a list; make it again with: earshot report {run}"
    with pytest.raises(UserError, match=complaint):
        write_report(run)


def test_one_command_writes_the_page_with_boards_and_without(run: Path) -> None:
    page = run / runfolder.REPORT
    invoke(full_report, [run])
    assert "7 of 1,053,500" not in words(page)
    put(run, "host", "result.json", result())
    invoke(full_report, [run])
    assert "7 of 1,053,500" in words(page)
