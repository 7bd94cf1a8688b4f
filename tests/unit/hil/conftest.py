"""A run with its C."""

from collections.abc import Callable
from pathlib import Path

import pytest
from live_sounds import RATE_HZ, noisy

from codegen.emit import generate
from hil.live.library import compiled_library
from hil.live.model import load_model
from train.audio import wav
from train.core import runfolder
from train.core.spec import ModelSpec, labels_for


@pytest.fixture(scope="session")
def live_run(once: Callable[..., Path], tiny_tflite: bytes) -> Path:
    """A run folder with c/ and its library. Tests that change something take a copy."""

    def make(folder: Path) -> None:
        run = folder / "run"
        runfolder.write_bytes(run / runfolder.TFLITE, tiny_tflite)
        runfolder.write_spec(run, ModelSpec(labels=labels_for(("yes", "größe"))), [runfolder.TFLITE])
        runfolder.write_bytes(run / runfolder.CLIPS / "yes_0.wav", wav.encode_wav(noisy(1.0, 1), RATE_HZ))
        entries = [{"file": "yes_0.wav", "label": "yes", "source": ""}]
        runfolder.write_json(run / runfolder.CLIPS / runfolder.CLIPS_LIST, entries)
        generate(run)
        compiled_library(load_model(run))

    return once("live_run", make) / "run"
