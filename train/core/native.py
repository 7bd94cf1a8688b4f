"""What C++ libraries write to file descriptor 2, which ``sys.stderr`` knows nothing of."""

import contextlib
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator

from train.core.console import log
from train.core.terminal import interrupts

# Of one operator. TensorFlow takes one for each core that it sees, and how it divides sums hangs on their
# number, so the last bits of weights would hang on the computer. With a number of our own they do not.
THREADS = 2


@contextlib.contextmanager
def captured_stderr() -> Iterator[list[str]]:
    """Keep native messages off the terminal; the yielded list holds their lines afterwards."""
    lines: list[str] = []
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            with interrupts.speaking_on(saved):
                yield lines
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            text = file.read().decode("utf-8", "replace")
            lines.extend(line.strip() for line in text.splitlines() if line.strip())


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep native messages off the terminal unless the block fails."""
    with contextlib.ExitStack() as stack:
        lines = stack.enter_context(captured_stderr())
        try:
            yield
        except Exception:
            stack.close()  # restores stderr and fills the lines
            log(*lines)
            raise


@contextlib.contextmanager
def _absent(*packages: str) -> Iterator[None]:
    """Let no import find these packages, unless they are imported already."""
    hidden = [package for package in packages if package not in sys.modules]
    for package in hidden:
        sys.modules[package] = None  # type: ignore[assignment]  # Python's sign for: not to be found
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]


def import_tensorflow(with_gpus: bool = False) -> None:
    """Import TensorFlow without its start-up notices; what the user has set in the environment stays.

    It computes with THREADS threads, whatever the computer has, unless it has computed here before.

    The notices say nothing a user can act on. Networks of this size train faster on the
    processor than a GPU can be fed, and there with the same bits each time. On processors of some makers
    TensorFlow leaves oneDNN's kernels out unless it is told; with them a step takes two fifths of the time
    (docs/ACCURACY.md).
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not with_gpus:
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    # Keras imports these where they are installed, for wrappers and pictures that nobody here asks it for.
    # They take a third of the time.
    # An exception in the middle of it may end the process in C++.
    loading = interrupts.held(lambda: f"stopping when TensorFlow is loaded; {interrupts.AGAIN}")
    with loading as interrupted, quiet_stderr(), _absent("sklearn", "matplotlib"):
        tensorflow = importlib.import_module("tensorflow")
        with contextlib.suppress(RuntimeError):  # it has computed before
            tensorflow.config.threading.set_intra_op_parallelism_threads(THREADS)
    if interrupted():
        raise KeyboardInterrupt
