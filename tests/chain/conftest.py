"""Commands run as a user runs them: in processes of their own, from the repository."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from chain.warm_python import TIMEOUT_S
from places import ROOT

Command = Callable[..., tuple[int, str, str]]


def _hear_ctrl_c() -> None:
    """Shells tell background jobs to ignore Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _environment(cache: Path) -> dict[str, str]:
    return {**os.environ, "EARSHOT_CACHE": str(cache), "COLUMNS": "200"}


def _checked(code: int, output: str, messages: str) -> tuple[int, str, str]:
    assert "Traceback" not in messages
    assert "Warning" not in messages, "what Python and TensorFlow warn of is not for the user"
    return code, output, messages


@pytest.fixture(scope="session")
def cache(once) -> Path:
    return once("cache", lambda folder: None)


@pytest.fixture(scope="session")
def start(cache) -> Callable[..., subprocess.Popen[str]]:
    """``start("train", "--words", "yes,no")``: the process, its output and messages in pipes."""

    def start(package: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", package, *map(str, arguments)]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(cache),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_hear_ctrl_c,
        )

    return start


@pytest.fixture(scope="session")
def cold_command(start) -> Command:
    """As ``command``, by an interpreter started anew: it imports TensorFlow and has its own order of sets."""

    def run(package: str, *arguments: object) -> tuple[int, str, str]:
        with start(package, *arguments) as process:
            output, messages = process.communicate(timeout=TIMEOUT_S)
        return _checked(process.returncode, output, messages)

    return run


@pytest.fixture(scope="session")
def warm_python() -> Iterator[subprocess.Popen[str]]:
    script = Path(__file__).with_name("warm_python.py")
    with subprocess.Popen(
        [sys.executable, script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=_hear_ctrl_c,
    ) as process:
        yield process
        process.communicate()


@pytest.fixture(scope="session")
def command(warm_python, cache, tmp_path_factory) -> Command:
    """``command("train", …)``: exit code, stdout and stderr, without a traceback or a library's warning."""
    said = tmp_path_factory.mktemp("said")
    output, messages = said / "output", said / "messages"

    def run(package: str, *arguments: object) -> tuple[int, str, str]:
        request = {
            "package": package,
            "arguments": [str(argument) for argument in arguments],
            "environment": _environment(cache),
            "output": str(output),
            "messages": str(messages),
        }
        print(json.dumps(request), file=warm_python.stdin, flush=True)
        code = int(warm_python.stdout.readline())
        return _checked(code, output.read_text(encoding="utf-8"), messages.read_text(encoding="utf-8"))

    return run


@pytest.fixture(scope="session")
def corpus(make_corpus, once) -> Path:
    return once("corpus", lambda folder: make_corpus(folder / "tones")) / "tones"


@pytest.fixture(scope="session")
def small_job(corpus) -> Sequence[object]:
    """The flags of a main job of seconds."""
    return (
        "--words", "yes,no", "--data", corpus, "--training-steps", "60,20", "--eval-step-interval", "40",
        "--bank-clips", "400", "--false-accepts-per-hour", "60", "--seed", "1",
    )  # fmt: skip


@pytest.fixture(scope="session")
def trained(command, small_job, once) -> Path:
    """The run folder of that job. Tests that change something take a copy."""

    def make(folder: Path) -> None:
        code, _, messages = command("train", *small_job, "--out", folder / "yes_no")
        assert code == 0, messages

    return once("trained", make) / "yes_no"
