"""What is in force in a run folder, how it gets into C, and what is said of a file that is wrong."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from operating_points import put_in_force

from codegen.emit import generate
from hil.boards.board import load_board
from hil.boards.build import build
from train.core import runfolder
from train.core.errors import UserError
from train.core.operating_point import NEVER, ORIGINAL, TUNED, OperatingPoint, in_force, original

POINT = OperatingPoint(300, 1500, 3, (NEVER, NEVER, 140, 0))
MakeRun = Callable[..., Path]


@pytest.fixture
def run(make_run: MakeRun) -> Path:
    return make_run()


def files(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / "c").iterdir()}


def edit(run: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = run / runfolder.OPERATING_POINTS
    content = runfolder.read_json(path)
    change(content)
    runfolder.write_json(path, content)


def test_without_a_choice_the_originals(run: Path) -> None:
    """Those of RecognizeCommands on the device: 1000 ms, 1500 ms, 3, 200."""
    assert in_force(run, runfolder.read_spec(run)) == (ORIGINAL, original(4))
    assert original(4) == OperatingPoint(1000, 1500, 3, (200, 200, 200, 200), suppress_each_word=False)


def test_settings_get_into_c_and_nothing_else_changes(run: Path) -> None:
    generate(run)
    before = files(run)
    for line in (b"    1000,  // window_ms", b"    0,  // suppress_each_word"):
        assert line in before["kws_settings.c"]
    assert re.findall(rb"^        (\d+),", before["kws_settings.c"], re.MULTILINE) == [b"200"] * 4

    put_in_force(run, POINT)
    generate(run)
    after = files(run)
    assert {name for name in after if after[name] != before[name]} == {"kws_settings.c", "manifest.json"}
    settings = after["kws_settings.c"].decode()
    assert f"// Operating point: {TUNED}, SHA-256 {POINT.sha256}\n" in settings
    for line in (
        "300,  // window_ms",
        "1500,  // suppression_ms",
        "3,  // minimum_count",
        "1,  // suppress_each_word",
    ):
        assert f"    {line}" in settings
    assert "    140,  // yes\n        0,  // gr\\u00f6\\u00dfe\n" in settings


def test_the_original_is_a_choice_by_its_name(run: Path) -> None:
    generate(run)
    before = files(run)
    put_in_force(run, POINT)
    edit(run, lambda content: content.update(in_force=ORIGINAL))
    assert in_force(run, runfolder.read_spec(run)) == (ORIGINAL, original(4))
    generate(run)
    assert files(run) == before


def test_points_of_before_keep_the_rule_that_they_were_measured_with(run: Path) -> None:
    put_in_force(run, POINT)

    def as_version_1(content: dict[str, Any]) -> None:
        content["version"] = 1
        for point in content["points"].values():
            del point["settings"]["suppress_each_word"], point["settings"]["stride_rows"]

    edit(run, as_version_1)
    expected = dataclasses.replace(POINT, suppress_each_word=False, stride_rows=5)
    assert in_force(run, runfolder.read_spec(run)) == (TUNED, expected)
    assert expected.sha256 != POINT.sha256


def test_firmware_of_other_thresholds_is_not_built(run: Path) -> None:
    generate(run)
    put_in_force(run, POINT)
    with pytest.raises(UserError, match=r"generated with other thresholds.*\(tuned\); make it with: earshot"):
        build(load_board("host"), run)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda content: content.update(in_force="best"), "'in_force' is none of original, tuned"),
        (lambda content: content.pop("in_force"), "has no 'in_force'"),
        (lambda content: content.update(model_sha256="0" * 64), r"was made for another model\.tflite"),
        (lambda content: content.pop("points"), "has no 'points'"),
        (lambda content: content["points"].pop("tuned"), "points: has no 'tuned'"),
        (
            lambda content: content["points"]["tuned"]["settings"].update(speed=1),
            "points: tuned: settings: has 'speed', which is not known",
        ),
        (
            lambda content: content["points"]["tuned"]["settings"].update(thresholds=[1, 2]),
            "its tuned point has 2 thresholds, expected 4",
        ),
        (
            lambda content: content["points"]["tuned"]["settings"].update(thresholds=[0, 0, 0, 256]),
            "a threshold is 256, expected 0 to 255",
        ),
        (
            lambda content: content["points"]["tuned"]["settings"].update(window_ms="300"),
            'points: tuned: settings: window_ms: is "300", expected a whole number',
        ),
        (
            lambda content: content["points"]["tuned"]["settings"].update(window_ms=0),
            "window_ms is 0, expected 1 to 60000",
        ),
    ],
)
def test_a_wrong_file_is_explained(
    run: Path, change: Callable[[dict[str, Any]], object], complaint: str
) -> None:
    put_in_force(run, POINT)
    edit(run, change)
    remedy = "make it again with: earshot tune .*, or remove it for the original's settings"
    with pytest.raises(UserError, match=rf"operating_points\.json: .*{complaint}.*{remedy}"):
        generate(run)
    assert not (run / "c").exists()
