"""Ctrl-C, in processes that get the signal: what they say at once, and how they end."""

import os
import signal
import subprocess
import sys
import time

import pytest
from places import ROOT

# As C++ that does not come back: no exception ends it.
STUBBORN = """
def stubborn(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            time.sleep(end - time.monotonic())
        except KeyboardInterrupt:
            pass
"""
HEAD = f"""
import time
from concurrent.futures import ThreadPoolExecutor
from train.core import console
from train.core.errors import Interrupted
from train.core.native import captured_stderr
from train.core.terminal import interrupts
{STUBBORN}
def ready():
    print("ready", flush=True)

def main():
"""
BODIES = {
    "waiting": """
    ready()
    time.sleep(60)
""",
    "held": """
    with interrupts.held(lambda: "stopping at step 7") as asked:
        ready()
        while not asked():
            time.sleep(0.05)
    raise Interrupted("stopped at step 7")
""",
    "stderr kept": """
    with captured_stderr():
        ready()
        time.sleep(60)
""",
    "threads": """
    with interrupts.prompt(ThreadPoolExecutor(2)) as pool:
        ready()
        list(pool.map(time.sleep, [0.2] * 500))
""",
    "stubborn": """
    with interrupts.saying(lambda: "at once", lambda: "go on with: that"):
        ready()
        stubborn(60)
""",
}


def interrupted(body: str, times: int = 1) -> tuple[int, str, float]:
    """Exit code, what was said, and the seconds from the first Ctrl-C to the end."""
    code = f"{HEAD}{body}\nif __name__ == '__main__':\n    console.run(main)\n"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        started = time.monotonic()
        for _ in range(times):
            time.sleep(0.1)
            os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
        return process.returncode, said, time.monotonic() - started


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("waiting", "stopping; Ctrl-C again stops at once\ninterrupted\n"),
        ("held", "stopping at step 7\nerror: stopped at step 7\n"),
        ("stderr kept", "stopping; Ctrl-C again stops at once\ninterrupted\n"),
        ("threads", "stopping; Ctrl-C again stops at once\ninterrupted\n"),
    ],
)
def test_ctrl_c_is_answered_and_ends_the_work(body, said):
    code, found, seconds = interrupted(BODIES[body])
    assert (code, found) == (130, said)
    assert seconds < 20


def test_the_second_ends_what_does_not_end():
    code, said, seconds = interrupted(BODIES["stubborn"], times=2)
    assert code == 130
    assert said == "at once\n\nstopped; go on with: that\n"
    assert seconds < 20


def test_without_ctrl_c_signals_are_as_before(capsys):
    from train.core import console

    before = signal.getsignal(signal.SIGINT)
    console.run(lambda: None)
    with pytest.raises(SystemExit):
        console.run(lambda: sys.exit(3))
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().err == ""
