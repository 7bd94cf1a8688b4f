"""Training by several replicas: the same clips and weights as one, and what happens when one is lost."""

import json
import os
import re
import socket
import subprocess
import sys
import textwrap
import time

import pytest
from places import ROOT


def run_apart(script: str) -> str:
    """The output of a script, in a process whose TensorFlow has not begun yet."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_two_replicas_learn_what_one_learns(tmp_path):
    """Without dropout only the order of sums differs; an odd batch is refused.

    In float64: the last bit of a float32 sum turns a ReLU often enough to part two trainings by 2e-5.
    """
    output = run_apart(f"""
        import json
        from pathlib import Path
        import keras
        import numpy as np
        from tests.small_training import SEED, make_bank
        from train import architectures
        from train.training.cluster import Distribution
        from train.training.distribute import Replicas, connect
        from train.core.errors import UserError
        from train.training.trainer import Trainer, make_deterministic
        from train.settings.recipe import Recipe
        from train.core.spec import ModelSpec, labels_for

        keras.config.set_floatx("float64")
        two = connect(Distribution("mirrored"))
        make_deterministic(SEED)
        recipe = Recipe(
            training_steps=(20,), learning_rates=(0.001,), batch_size=8, eval_step_interval=10, dropout=0.0,
            optimizer="momentum", average_steps=5,
        )
        spec = ModelSpec(labels_for(("yes",)), seed=SEED)
        weights = []
        for name, replicas in (("two", two), ("one", Replicas())):
            with replicas.scope():
                model = architectures.build("conv", spec.front_end, 3, 0.0, SEED)
            banks = make_bank(60, seed=1), make_bank(30, seed=2)
            trainer = Trainer(model, spec, recipe, *banks, Path({str(tmp_path)!r}) / name, replicas=replicas)
            first = [weight.copy() for weight in model.get_weights()]
            trainer.run()
            weights.append(model.get_weights())
        try:
            two.check_batch(9)
        except UserError as error:
            refusal = str(error)
        print(json.dumps({{
            "replicas": two.count,
            "apart": max(float(np.abs(a - b).max()) for a, b in zip(*weights)),
            "learnt": max(float(np.abs(a - b).max()) for a, b in zip(first, weights[1])),
            "refusal": refusal,
        }}))
    """)
    result = json.loads(output)
    assert result["replicas"] == 2
    assert result["learnt"] > 0.01
    assert result["apart"] < 1e-12
    assert "--batch-size is 9, which 2 replicas cannot share evenly" in result["refusal"]
    assert "such as 8 or 10" in result["refusal"]


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [open_socket.getsockname()[1] for open_socket in sockets]
    for open_socket in sockets:
        open_socket.close()
    return ports


@pytest.fixture
def workers(start, monkeypatch):
    """``workers(flags, flags)``: a process each, of one cluster on this computer."""
    running = []

    def begin(*each: tuple[object, ...]) -> list[subprocess.Popen[str]]:
        addresses = [f"127.0.0.1:{port}" for port in free_ports(len(each))]
        for index, flags in enumerate(each):
            config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            monkeypatch.setenv("TF_CONFIG", json.dumps(config))
            running.append(start("train", *flags, "--distribute", "multi_worker"))
        return running[-len(each) :]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.sweep
def test_a_lost_worker_ends_the_others_and_all_go_on_from_the_checkpoint(workers, corpus, tmp_path):
    run, banks = tmp_path / "run", tmp_path / "banks"
    job = (
        "--words", "yes,no", "--data", corpus, "--bank-clips", "64", "--batch-size", "16",
        "--bank-folder", banks, "--training-steps", "100000", "--learning-rate", "0.001",
        "--eval-step-interval", "20",
    )  # fmt: skip
    chief, other = workers((*job, "--out", run), (*job, "--out", tmp_path / "elsewhere"))
    until(lambda: (run / "checkpoints" / "last.npz").is_file(), chief)
    other.kill()
    _, messages = chief.communicate(timeout=240)
    assert chief.returncode == 3, messages
    assert "Traceback" not in messages
    assert re.search(r"error: worker 1 \(127\.0\.0\.1:\d+\) ended or cannot be reached any more", messages)
    assert (
        f"start all workers again, with: earshot train --resume {run} --distribute multi_worker" in messages
    )
    assert not (tmp_path / "elsewhere").exists(), "only the chief writes"
    assert len(list(banks.iterdir())) == 1

    settings = json.loads((run / "job.json").read_text())
    step = 20 + resumable_step(messages)
    settings["recipe"]["training_steps"] = [step]
    (run / "job.json").write_text(json.dumps(settings))
    resumed = ("--resume", run, "--bank-folder", banks)
    chief, other = workers(resumed, resumed)
    results = [process.communicate(timeout=300) for process in (chief, other)]
    assert (chief.returncode, other.returncode) == (0, 0), results
    assert re.search(rf"resumed at step \d+ of {step}", results[0][1])
    assert f"this worker is done; worker 0 writes the run folder, {run}" in results[1][1]
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["training"]["steps"] == step
    assert metrics["training"]["replicas"] == 2
    assert metrics["int8"]["accuracy"] > 0.9, "tones are easy"


def until(is_so, process: subprocess.Popen[str], timeout_s: float = 240) -> None:
    end = time.monotonic() + timeout_s
    while not is_so():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


def resumable_step(messages: str) -> int:
    """The last step that was validated, and so saved."""
    return int(re.findall(r"Step (\d+): Validation", messages)[-1])
