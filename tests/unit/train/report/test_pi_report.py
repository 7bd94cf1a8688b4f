"""The section of report.html on the Raspberry Pi: each way to come by figures in a row, nothing stale."""

import re
from pathlib import Path
from typing import Any

import pytest
from report_runs import Page, make_run, words

from train.core import runfolder
from train.core.errors import UserError
from train.core.results.pi import EMULATE, ESTIMATE, LOCAL, REMOTE
from train.report.run_report import write_report

pytestmark = pytest.mark.usefixtures("without_pictures")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = make_run(tmp_path / "run")
    runfolder.write_bytes(folder / runfolder.GRAPHDEF, b"graph")
    runfolder.write_spec(folder, runfolder.read_spec(folder), [runfolder.GRAPHDEF])
    return folder


GUEST = {"architecture": "aarch64", "python": "3.11.2"}
STATE = {"temperature_c": None, "governor": None, "clock_mhz": None}
TIMES = {"count": 3, "first": 1, "curr": 1, "min": 1, "max": 1, "avg": 1.0, "std": 0.0}
ESTIMATED = {"range_ms": [2.84, 8.19], "formula": ["all of it"]}
# What timers and the emulator say, together: a reader passes over what is not for it.
RAN = {
    "engine": "NumPy 2.4.6", "machine": {"model": None, "processor": None, "system": "x", "cpus": 2} | GUEST,
    "state_before": STATE, "state_after": STATE, "load_s": 0.1, "peak_memory_bytes": None, "flops_per_s": 1,
    "warmup_us": TIMES, "no_stats_us": TIMES, "with_stats_us": TIMES, "timings_us": TIMES, "nodes": [],
    "instructions_per_inference": None, "instructions": None, "not_counted": "x", "clips": [],
    "max_difference": 0.0, "tolerance": 1e-5, "host_engine": "x", "emulator": "x",
}  # fmt: skip


def put(run: Path, mode: str, **changes: Any) -> None:
    kept = changes.pop("kept", {"size": True, "latency": None})
    states = set(kept.values())
    whole = False if False in states else None if None in states else True
    content = {
        "label": "host", "avg_ms": 0.51234, "std_ms": 0.02, "graph_bytes": 74_987, "flops": 739_200,
        "memory_bytes": 76_416, "graph_sha256": runfolder.read_spec(run).artefacts[runfolder.GRAPHDEF],
        "output_shape": [1, 5], **(ESTIMATED if mode == ESTIMATE else RAN), **changes,
        "verdict": {
            "kept": whole, "rules": {name: {"kept": state, "found": "x"} for name, state in kept.items()},
        },
    }  # fmt: skip
    runfolder.write_json(run / runfolder.PI / f"{mode}.json", content)


def section(run: Path) -> str:
    """The text of the section, a space between any two cells; "" where there is none."""
    page = write_report(run).read_text(encoding="utf-8")
    _, _, rest = page.partition('<h2 id="pi">')
    return " ".join(re.sub(r"<[^>]*>", " ", rest.partition("<h2 ")[0]).split())


def test_each_way_has_its_row(run):
    put(run, ESTIMATE, label="estimated", avg_ms=5.31, std_ms=None)
    put(run, EMULATE, label="emulated", avg_ms=None, std_ms=None, instructions_per_inference=7_333_203)
    put(run, LOCAL)
    put(run, REMOTE, label="measured", engine="TensorFlow 1.4.0", kept={"size": True, "latency": True})
    text = section(run)
    rows = [
        "on another computer, by ssh measured TensorFlow 1.4.0 0.512 ± 0.020 – 74,987 739,200 76,416 kept",
        "on this computer host NumPy 2.4.6 0.512 ± 0.020 – 74,987 739,200 76,416 not judged: latency",
        "on an emulated Cortex-A53 emulated NumPy 2.4.6 – 7,333,203 74,987 739,200 76,416 not judged",
        "by the work that was counted estimated – 5.3 (2.8–8.2) – 74,987 739,200 76,416 not judged: latency",
    ]
    places = [text.index(row) for row in rows]
    assert places == sorted(places)
    assert {"href": "#pi"} in Page(run / runfolder.REPORT).all("a")


def test_a_broken_rule_stands_out(run):
    put(run, LOCAL, kept={"size": False, "latency": None, "ops": False, "inputs": True})
    assert "broken: size, ops" in section(run)
    assert 'class="text no">broken' in (run / runfolder.REPORT).read_text()


def test_without_a_pi_there_is_no_section(run):
    assert section(run) == ""
    assert {"href": "#pi"} not in Page(run / runfolder.REPORT).all("a")
    (run / runfolder.PI).mkdir()
    runfolder.write_json(run / runfolder.PI / "other.json", {"label": "host"})  # none of these figures
    assert section(run) == ""


def test_figures_of_another_graph_are_left_out(run):
    put(run, LOCAL, graph_sha256="0" * 64)
    text = section(run)
    assert f"local.json: about another graph than this; make it again: earshot pi {run}" in text
    assert "74,987" not in text
    put(run, EMULATE)
    assert "74,987" in section(run)


def test_not_as_hil_pi_writes_it(run):
    runfolder.write_json(run / runfolder.PI / "local.json", {"label": "host"})
    with pytest.raises(
        UserError, match=rf"pi/local\.json: has no 'avg_ms'; make it again with: earshot pi {run} --local"
    ):
        write_report(run)
    runfolder.write_text(run / runfolder.PI / "local.json", "[1")
    with pytest.raises(UserError, match=r"local\.json: is not JSON"):
        write_report(run)


def test_labels_of_words_are_text_here_too(run):
    put(run, LOCAL, engine="<i>odd</i>")
    assert "&lt;i&gt;odd" in write_report(run).read_text()
    assert "On a Raspberry Pi" in words(Page(run / runfolder.REPORT))
