"""Two runs whose models hear something, and their libraries."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from live_sounds import EAGER, RATE_HZ, noisy
from operating_points import put_in_force
from repacked import repack

from codegen.export.library import Library, load_library
from train.audio import wav
from train.core import runfolder
from train.core.spec import FrontEnd, ModelSpec, labels_for

FRONT_ENDS = {"one": FrontEnd(), "other": FrontEnd("log", dc_block=True)}
WORDS = ("yes", "größe")


def fitted(tflite: bytes, scale: float) -> bytes:
    """The model for features of another scale."""

    def change(tree) -> None:
        graph = tree.subgraphs[0]
        entry, _, bias = (graph.tensors[index].quantization for index in graph.operators[0].inputs)
        bias.scale = [value * scale / entry.scale[0] for value in bias.scale]
        entry.scale = [scale]

    return repack(tflite, change)


@pytest.fixture(scope="session")
def runs(once: Callable[..., Path], tiny_tflite: bytes) -> dict[str, Path]:
    """Run folders by name: of the front end ``average``, and of ``log``; nobody writes into them."""

    def make(folder: Path) -> None:
        for name, front_end in FRONT_ENDS.items():
            run = folder / name
            runfolder.write_bytes(run / runfolder.TFLITE, fitted(tiny_tflite, front_end.feature_scale))
            runfolder.write_spec(run, ModelSpec(labels_for(WORDS), front_end=front_end), [runfolder.TFLITE])
            clip = wav.encode_wav(noisy(1.0, 1), RATE_HZ)
            runfolder.write_bytes(run / runfolder.CLIPS / "yes_0.wav", clip)
            entries = [{"file": "yes_0.wav", "label": "yes", "source": ""}]
            runfolder.write_json(run / runfolder.CLIPS / runfolder.CLIPS_LIST, entries)
            put_in_force(run, EAGER)

    folder = once("export_runs", make)
    return {name: folder / name for name in FRONT_ENDS}


@pytest.fixture(scope="session")
def libraries(runs: dict[str, Path]) -> dict[str, Library]:
    """Of both runs, the prefix being the name of the run."""
    return {name: load_library(run, name) for name, run in runs.items()}


@pytest.fixture(scope="session")
def compiler() -> str:
    """The C compiler."""
    found = shutil.which("cc")
    if found is None:
        pytest.skip("there is no C compiler (cc)")
    return found
