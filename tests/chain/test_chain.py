"""The main job as a user runs it: every file there, the same bytes twice, stopped and gone on with."""

import json
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from train.core import runfolder

CONTRACT = (
    "spec.json", "labels.txt", "model.keras", "model.pb", "model.tflite", "metrics.json", "report.html",
    "c/model.cc", "c/model.h", "c/micro_model_settings.h", "c/micro_model_settings.cc", "c/op_resolver.h",
    "c/kws.h", "c/kws_settings.c", "operating_points.json",
    "c/feature_tests.cc", "c/yes_0_features_data.cc", "c/no_0_features_data.cc",
)  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    """Content of every file below a folder, by its name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_complete(run: Path) -> None:
    missing = [name for name in CONTRACT if not (run / name).is_file() or not (run / name).stat().st_size]
    assert not missing
    assert any((run / "plots").iterdir())
    assert list((run / "logs").glob("events.out.tfevents*"))
    runfolder.read_spec(run, needs=["model.keras", "model.pb", "model.tflite", "labels.txt"])


@pytest.fixture
def copy(trained, tmp_path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "copy"))


@pytest.mark.slow
def test_every_file_of_the_contract_is_there(trained):
    assert_complete(trained)
    assert (trained / "labels.txt").read_text() == "_silence_\n_unknown_\nyes\nno"
    assert (trained / "model.tflite").stat().st_size < 20_000
    assert not list(trained.rglob(".*")), "no temporary file is left"


def test_metrics_hold_each_artefacts_figures(trained):
    metrics = json.loads((trained / "metrics.json").read_text())
    for kind in ("float", "graphdef", "int8"):
        result = metrics[kind]
        confusion = np.array(result["confusion"])
        assert confusion.shape == (4, 4)
        assert confusion.sum() == result["clips"] == 16
        assert result["accuracy"] == np.trace(confusion) / 16
        low, high = result["interval"]
        assert 0 <= low <= result["accuracy"] <= high <= 1
    assert metrics["float"]["accuracy"] > 0.9, "tones are easy"
    assert metrics["graphdef"]["max_score_difference"] < 1e-5
    assert metrics["int8"]["tensorflow_interpreter"]["clips"] == 16
    assert metrics["corpus"]["clips"]["training"] == dict.fromkeys(
        ("_silence_", "_unknown_", "yes", "no"), 16
    )
    assert metrics["corpus"]["split"] == "lists"
    assert metrics["training"]["steps"] == 80
    assert metrics["sizes"]["tflite_bytes"] == (trained / "model.tflite").stat().st_size
    assert [op["op"] for op in metrics["ops"]] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]


@pytest.mark.slow
def test_a_front_end_of_no_board_ends_with_the_graph(command, small_job, tmp_path):
    """model.pb, scores and report; what needs int8 or C says in one line why there is none."""
    run = tmp_path / "mfcc"
    code, output, messages = command("train", *small_job, "--preprocess", "mfcc", "--out", run)
    assert code == 0, messages
    assert "C sources   none: no board has the front end mfcc" in output
    for name in ("model.keras", "model.pb", "metrics.json", "report.html"):
        assert (run / name).stat().st_size
    assert not {"model.tflite", "calibration.npy", "c"} & {path.name for path in run.iterdir()}
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["graphdef"]["accuracy"] > 0.4, "one of four"
    assert metrics["graphdef"]["max_score_difference"] < 1e-5
    assert "int8" not in metrics
    for refused in (("quantize", run), ("codegen", run), ("hil", "build", run, "--board", "mps2-an386")):
        code, _, messages = command(*refused)
        assert code == 2
        assert "the front end mfcc cannot be deployed on a board" in messages
    code, output, messages = command("train", "evaluate", run, "--as-words", "no")
    assert code == 0, messages
    assert "model.pb" in output


@pytest.mark.slow
def test_again_over_an_old_run_gives_the_same_bytes(trained, copy, cold_command, small_job):
    """--overwrite, and reproducibility: nothing of what was there before may shine through."""
    for name in ("model.tflite", "model.pb", "c/model.cc", "checkpoints/last.npz", "checkpoints/best.npz"):
        (copy / name).write_bytes(b"old")
    (copy / "c" / "old.h").write_text("old")
    (copy / "notes.txt").write_text("mine")
    code, output, messages = cold_command("train", *small_job, "--out", copy, "--overwrite")
    assert code == 0, messages
    assert files(copy / "c") == files(trained / "c")
    for name in ("model.tflite", "model.pb", "labels.txt", "history.json", "operating_points.json"):
        assert (copy / name).read_bytes() == (trained / name).read_bytes(), name
    assert (copy / "notes.txt").read_text() == "mine", "only what runs write is replaced"
    assert output.startswith("firmware    hears 10 of 10 words, ")
    assert "model.tflite" in output
    assert str(copy / "report.html") in output


@pytest.mark.slow
@pytest.mark.sweep
def test_another_seed_gives_another_model(trained, copy, command, small_job):
    code, _, messages = command("train", *small_job, "--out", copy, "--overwrite", "--seed", 3)
    assert code == 0, messages
    assert (copy / "model.tflite").read_bytes() != (trained / "model.tflite").read_bytes()


def test_a_finished_run_is_not_overwritten_unasked(trained, command, small_job):
    before = files(trained)
    code, output, messages = command("train", *small_job, "--out", trained)
    assert (code, output) == (2, "")
    assert f"{trained}: holds a finished run; add --overwrite to replace it, or --out FOLDER" in messages
    assert files(trained) == before


def test_a_finished_run_is_not_resumed(trained, command):
    before = files(trained)
    code, output, messages = command("train", "--resume", trained)
    assert code == 0, messages
    assert f"{trained} is finished (int8: " in output
    assert f"earshot evaluate {trained} --data" in output
    assert files(trained) == before
    code, _, messages = command("train", "--resume", trained, "--seed", 3)
    assert (code, "leave out --seed" in messages) == (2, True)


def test_a_mistake_does_not_cost_the_run_that_overwrite_would_have_replaced(copy, command, small_job):
    before = files(copy)
    code, _, messages = command(
        "train", *small_job, "--out", copy, "--overwrite", "--data", f"{copy / 'nowhere'}@0.5"
    )
    assert code == 2
    assert "nowhere: there is no such folder" in messages
    assert files(copy) == before


@pytest.mark.slow
def test_ctrl_c_keeps_the_best_and_resume_completes(start, command, corpus, tmp_path):
    run = tmp_path / "stopped"
    flags = (
        "--training-steps",
        "1500,20",
        "--eval-step-interval",
        50,
        "--batch-size",
        10,
        "--bank-clips",
        400,
    )
    with start("train", "--words", "yes,no", "--data", corpus, *flags, "--out", run) as process:
        for line in process.stderr:
            if "Validation accuracy" in line:
                process.send_signal(signal.SIGINT)
                break
        output, messages = process.communicate(timeout=120)
    assert process.returncode == 130, messages
    assert output == ""
    assert "Traceback" not in messages
    assert "stopping at step " in messages
    assert "stopped at step " in messages
    assert "Confusion Matrix" not in messages, "that is for a terminal"
    assert "of 1520; best so far: " in messages
    assert f"earshot train --resume {run}\n" in messages
    assert not (run / "model.tflite").exists()

    code, _, messages = command("train", "--words", "yes,no", "--data", corpus, "--out", run)
    assert code == 2
    assert f"{run}: holds an unfinished run; go on with: earshot train --resume {run}" in messages

    code, _, messages = command("train", "--resume", run)
    assert code == 0, messages
    assert "resumed at step " in messages
    assert_complete(run)
    assert json.loads((run / "metrics.json").read_text())["training"]["steps"] == 1520


@pytest.mark.slow
def test_stop_training_finishes_with_the_best_so_far(copy, command):
    """As after Ctrl-C: the checkpoints are there, what is made of them is not."""
    for name in ("spec.json", "model.keras", "model.tflite", "metrics.json"):
        (copy / name).unlink()
    code, _, messages = command("train", "--resume", copy, "--stop-training")
    assert code == 0, messages
    assert_complete(copy)


def test_evaluate_gives_the_same_figures(trained, cold_command, corpus, tmp_path):
    written = tmp_path / "figures.json"
    scores = tmp_path / "scores.npz"
    code, output, messages = cold_command(
        "train", "evaluate", trained, "--data", corpus, "--model", "int8",
        "--json", written, "--scores", scores,
    )  # fmt: skip
    assert code == 0, messages
    with np.load(scores) as file:
        assert file["int8"].shape == (16, 4)
        said = file["labels"][file["int8"].argmax(axis=1)]
        assert (said == file["truth"]).mean() == json.loads(written.read_text())["int8"]["accuracy"]
        assert len(set(file["clip"])) == 16, "files of scores are put together by these names"
        assert {"background noise 1", "background noise 2"} < set(file["clip"])
    figures, metrics = json.loads(written.read_text()), json.loads((trained / "metrics.json").read_text())
    assert figures["int8"] == metrics["int8"]
    assert "float" not in figures
    assert "model.tflite" in output
    assert f"{100 * metrics['int8']['accuracy']:.1f} %" in output


@pytest.mark.slow
def test_unlabelled_recordings_are_labelled_and_submitted(trained, command, corpus, tmp_path):
    clips = tmp_path / "clips"
    clips.mkdir()
    key = ["fname,label"]
    for path in sorted(corpus.glob("*/speaker1[01]_nohash_0.wav")):
        word = path.parent.name
        shutil.copyfile(path, clips / f"{word}_{path.name}")
        key.append(f"{word}_{path.name},{word if word in ('yes', 'no') else 'unknown'}")
    (tmp_path / "key.csv").write_text("\n".join(key))
    out = tmp_path / "pseudo"
    code, output, messages = command(
        "train", "pseudo-label", trained, "--data", clips, "--threshold", "0.3", "--out", out
    )
    assert code == 0, messages
    assert output.splitlines()[-1] == str(out)
    assert {path.name for path in out.iterdir()} >= {"yes", "no", "_unknown_", "pseudo.json"}
    csv = tmp_path / "out.csv"
    code, output, messages = command(
        "train", "submit", trained, "--test", clips, "--key", tmp_path / "key.csv", "--tta", "--out", csv
    )
    assert code == 0, messages
    assert len(csv.read_text().splitlines()) == len(key) == 1 + 8
    assert json.loads((tmp_path / "out.csv.json").read_text())["score"]["accuracy"] > 0.8


@pytest.mark.slow
def test_quantize_and_codegen_alone_make_the_same_files(trained, copy, cold_command):
    (copy / "model.tflite").unlink()
    shutil.rmtree(copy / "c")
    code, output, messages = cold_command("quantize", copy)
    assert code == 0, messages
    assert "CONV_2D, RESHAPE, FULLY_CONNECTED, SOFTMAX" in output
    assert (copy / "model.tflite").read_bytes() == (trained / "model.tflite").read_bytes()
    code, output, messages = cold_command("codegen", copy)
    assert code == 0, messages
    assert output.strip() == str(copy / "c")
    assert files(copy / "c") == files(trained / "c")


@pytest.mark.parametrize("name", ["model.tflite", "model.pb", "model.keras"])
def test_a_file_exchanged_afterwards_is_refused(copy, command, corpus, name):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    stage = ("codegen", copy) if name == "model.tflite" else ("train", "evaluate", copy, "--data", corpus)
    code, output, messages = command(*stage)
    assert (code, output) == (2, "")
    assert f"{copy / name}: does not belong to {copy / 'spec.json'}" in messages
