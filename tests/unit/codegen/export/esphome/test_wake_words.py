"""What earshot export --to esphome writes, and what it refuses."""

import dataclasses
import json
import re
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from invoke import invoke
from live_sounds import noisy
from operating_points import put_in_force
from wake_runs import POINT, WAKE, WORDS, exported

from codegen.export import command
from codegen.export.formats import esphome
from codegen.export.formats.esphome import REGISTERED_OPS
from train.core import runfolder
from train.core.errors import UserError
from train.core.operating_point import NEVER
from train.detection.reference_listener import stream_rows
from train.tflite.graph import read_graphs
from train.tflite.tflm import TflmModel

STEMS = ("hey_groe", "vad")


def manifest(folder: Path, stem: str) -> dict:
    content: dict = json.loads((folder / f"{stem}.json").read_text(encoding="utf-8"))
    return content


def test_each_word_has_a_model_and_a_manifest(wake_export: Path) -> None:
    names = {f"{stem}.{kind}" for stem in STEMS for kind in ("json", "tflite")}
    assert {it.name for it in wake_export.iterdir()} == {
        *names, "README.md", "device.yaml", "LICENSE", "manifest.json",
    }  # fmt: skip
    # ESPHome takes a model called "vad" for another thing.
    assert [manifest(wake_export, stem)["wake_word"] for stem in STEMS] == ["Hey Größe", "Vad"]


def test_the_manifest_is_the_point(wake_export: Path) -> None:
    micro = manifest(wake_export, STEMS[0])["micro"]
    assert micro["sliding_window_size"] == 5  # 0, 30, 60, 90 and 120 ms before
    assert 140 < 256 * micro["probability_cutoff"] < 141
    assert micro["feature_step_size"] == WAKE.window_stride_ms


@pytest.mark.parametrize("window", [1, 2, 5, 34, 50])
@pytest.mark.parametrize("threshold", [0, 85, 140, 200, 254])
def test_a_cutoff_decides_as_the_threshold(threshold: int, window: int) -> None:
    """Of each sum of scores: ours is a mean that is rounded down, the clients' is not."""
    cutoff = Fraction(esphome._cutoff(threshold, window))
    sums = range(max(0, (threshold - 1) * window), min(255, threshold + 2) * window + 1)
    for total in sums:
        assert (Fraction(total, 256 * window) > cutoff) == (total // window > threshold)


def test_a_word_that_is_never_reported_has_a_cutoff_that_nothing_exceeds() -> None:
    assert esphome._cutoff(NEVER, 5) == 1.0


@pytest.mark.parametrize(("label", "stem"), [(2, STEMS[0]), (3, STEMS[1])])
def test_scores_are_those_of_the_run(wake_run: Path, wake_export: Path, label: int, stem: str) -> None:
    rows, stride = stream_rows(noisy(4.0, 5), WAKE), POINT.stride_rows
    count = len(rows) // stride
    given = rows[: count * stride].reshape(count, stride, -1)
    found = TflmModel((wake_export / f"{stem}.tflite").read_bytes(), stem).run(given)
    ends = [end for end in range(stride, len(rows) + 1, stride) if end >= WAKE.frames]
    windows = np.stack([rows[end - WAKE.frames : end, :, None] for end in ends])
    expected = TflmModel((wake_run / runfolder.TFLITE).read_bytes(), "whole").run(windows)[:, label]
    assert len(np.unique(expected)) > 3
    assert np.array_equal(found[count - len(ends) :, 0], expected.astype(int) + 128)


def test_the_firmware_has_all_operators_and_room_for_the_state(wake_export: Path) -> None:
    for stem in STEMS:
        graphs = read_graphs((wake_export / f"{stem}.tflite").read_bytes(), stem)
        names = {op.name for graph in graphs for op in graph.ops}
        assert names <= set(REGISTERED_OPS)
        assert {"CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"} <= names


def test_the_arena_is_enough(wake_export: Path) -> None:
    tflite = (wake_export / "vad.tflite").read_bytes()
    given = manifest(wake_export, "vad")["micro"]["tensor_arena_size"]
    assert TflmModel(tflite, "vad").arena_bytes <= given
    assert TflmModel(tflite, "vad", given).run(np.zeros((2, 3, 40), np.int8)).shape == (2, 1)


def test_readme_says_which_word_is_never_reported(wake_run: Path, wake_export: Path, tmp_path: Path) -> None:
    text = (wake_export / "README.md").read_text(encoding="utf-8")
    assert "model: hey_groe.json" in text
    assert "at no threshold" not in text
    run = tmp_path / "run"
    shutil.copytree(wake_run, run)
    put_in_force(run, dataclasses.replace(POINT, thresholds=(NEVER, NEVER, NEVER, 200)))
    text = (exported(run, tmp_path / "export") / "README.md").read_text(encoding="utf-8")
    assert '"hey größe" has the cutoff 1' in text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("front end", r"front end micro .* every 20 ms.*ESPHome computes.*--preset microwakeword"),
        ("bins", r"32 bins"),
        ("softmax", r"ends in SOFTMAX.*--preset microwakeword"),
        ("padding", r"pads its rows.*--preset microwakeword"),
        ("operator", r"needs TANH, which ESPHome's micro_wake_word does not register"),
    ],
)
def test_what_the_firmware_does_not_run_is_refused(
    refused_runs: dict[str, Path], name: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        exported(refused_runs[name], tmp_path / "export")


def test_a_file_is_refused(wake_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a \.tflite on its own has no words"):
        exported(wake_run / runfolder.TFLITE, tmp_path / "export")


def test_the_author_is_who_the_user_says(wake_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    flags = ["--author", "Ann", "--website", "https://example.org/"]
    invoke(command, [wake_run, "--to", "esphome", "--out", out, *flags])
    content = manifest(out, STEMS[0])
    assert (content["author"], content["website"]) == ("Ann", "https://example.org/")
    with pytest.raises(UserError, match="--author Ann: only --to esphome says who made a model"):
        invoke(command, [wake_run, "--to", "c", "--out", tmp_path / "c", *flags])


def test_names_of_words(wake_export: Path) -> None:
    assert manifest(wake_export, STEMS[0])["trained_languages"] == ["en"]
    assert re.fullmatch(r"trained with Earshot [\d.]+", manifest(wake_export, STEMS[0])["author"])
    assert len(WORDS) == len(STEMS)
