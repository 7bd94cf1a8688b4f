"""Commands run as a user runs them: in processes of their own, from the repository."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from places import ROOT


def _hear_ctrl_c() -> None:
    """Shells tell background jobs to ignore Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def start(tmp_path_factory) -> Callable[..., subprocess.Popen[str]]:
    """``start("train", "--words", "yes,no")``: the process, its output and messages in pipes."""
    cache = tmp_path_factory.mktemp("cache")

    def start(package: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", package, *map(str, arguments)]
        environment = {**os.environ, "EARSHOT_CACHE": str(cache), "COLUMNS": "200"}
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_hear_ctrl_c,
        )

    return start


@pytest.fixture(scope="session")
def command(start) -> Callable[..., tuple[int, str, str]]:
    """``command("train", …)``: exit code, stdout and stderr, without a traceback or a library's warning."""

    def run(package: str, *arguments: object) -> tuple[int, str, str]:
        with start(package, *arguments) as process:
            output, messages = process.communicate(timeout=300)
        assert "Traceback" not in messages
        assert "Warning" not in messages, "what Python and TensorFlow warn of is not for the user"
        return process.returncode, output, messages

    return run


@pytest.fixture(scope="session")
def corpus(make_corpus, tmp_path_factory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("corpus") / "tones")


@pytest.fixture(scope="session")
def small_job(corpus) -> Sequence[object]:
    """The flags of a main job of seconds."""
    return (
        "--words", "yes,no", "--data", corpus, "--training-steps", "60,20", "--eval-step-interval", "40",
        "--bank-clips", "400",
    )  # fmt: skip


@pytest.fixture(scope="session")
def trained(command, small_job, tmp_path_factory) -> Path:
    """The run folder of that job. Tests that change something take a copy."""
    run = tmp_path_factory.mktemp("runs") / "yes_no"
    code, _, messages = command("train", *small_job, "--out", run)
    assert code == 0, messages
    return run
