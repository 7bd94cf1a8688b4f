"""In what order tests run and what their processes share; a small corpus that trains in seconds."""

import fcntl
import lzma
import os
import shutil
import sys
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from places import RECORDINGS

from train.audio import wav

# Dozens of tests build the same firmware sources with the same flags. By its path, as tests change PATH.
if _CCACHE := shutil.which("ccache"):
    os.environ |= {"CMAKE_C_COMPILER_LAUNCHER": _CCACHE, "CCACHE_NOHASHDIR": "1"}

_RATE_HZ = 16000
_TONES_HZ = {"yes": 500, "no": 1500, "bed": 2700, "cat": 4100}  # each "word" is a tone: learnt at once
_TAKES = 2
_LISTED_SPEAKERS = {"validation_list.txt": (8, 9), "testing_list.txt": (10, 11)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each process begins with slow tests, so that what one takes from another at the end is short.

    xdist gives each an equal part of the list, and a process without work half of what another has left.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    files = list(dict.fromkeys(item.path for item in slow))
    part = len(items) // processes
    items.clear()
    for process in range(processes):
        mine = [item for item in slow if files.index(item.path) % processes == process]
        rest = max(0, part - len(mine))
        items += mine + quick[:rest]
        del quick[:rest]
    items += quick


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """``once(name, make)``: a folder that ``make(folder)`` fills once, for all processes of the tests.

    The process that comes second waits until the first is done. Nobody may change what is in the folder.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"

    def once(name: str, make: Callable[[Path], object]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        shared.mkdir(exist_ok=True)
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a process that failed
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return once


def write_corpus(
    root: Path,
    words: Sequence[str] = tuple(_TONES_HZ),
    *,
    speakers: int = 12,
    lists: bool = True,
    background: bool = True,
) -> Path:
    """Speech Commands layout: two takes of each word by each speaker, who differ in pitch."""
    rng = np.random.default_rng(5)
    seconds = np.arange(_RATE_HZ) / _RATE_HZ

    def write(path: Path, audio: np.ndarray) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav.encode_wav(wav.to_int16(audio.astype(np.float32)), _RATE_HZ))

    for word in words:
        for speaker in range(speakers):
            for take in range(_TAKES):
                tone = np.sin(2 * np.pi * (_TONES_HZ[word] + 15 * speaker) * seconds)
                noise = rng.normal(0, 0.01, _RATE_HZ)
                write(root / word / f"speaker{speaker:02}_nohash_{take}.wav", 0.08 * tone + noise)
    if background:
        write(root / "_background_noise_" / "hum.wav", rng.normal(0, 0.02, 5 * _RATE_HZ))
    for name, listed in _LISTED_SPEAKERS.items() if lists else ():
        lines = [
            f"{word}/speaker{speaker:02}_nohash_{take}.wav\n"
            for word in words
            for speaker in listed
            for take in range(_TAKES)
        ]
        (root / name).write_text("".join(lines), encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def recordings(once) -> Path:
    """The archive of recordings in ../shared, decompressed: what takes longest of reading it, done once."""
    if not RECORDINGS.is_file():
        pytest.skip("../shared has no recordings")

    def make(folder: Path) -> None:
        with lzma.open(RECORDINGS) as packed, (folder / "recordings.tar").open("wb") as plain:
            shutil.copyfileobj(packed, plain, 1 << 20)

    return once("recordings", make) / "recordings.tar"


@pytest.fixture(scope="session")
def real_clips(recordings: Path) -> np.ndarray:
    """(about 200, 16000) float32: every twentieth recording, padded with zeros to a second."""
    clips = []
    with tarfile.open(recordings) as archive:
        found = 0
        for member in archive:
            if not member.name.endswith(".wav") or "_background_noise_" in member.name:
                continue
            found += 1
            file = archive.extractfile(member)
            if found % 20 or file is None:
                continue
            samples = wav.decode_wav(file.read(), _RATE_HZ)[:_RATE_HZ]
            clips.append(np.pad(samples, (0, _RATE_HZ - len(samples))))
    return np.array(clips, dtype=np.float32) / 32768


@pytest.fixture(scope="session")
def normalized_network(once) -> Callable[[str, str], bytes]:
    """``normalized_network(architecture, preprocess)``: its .tflite, as converted_models.py makes it."""

    def network(name: str, preprocess: str) -> bytes:
        def make(folder: Path) -> None:
            from converted_models import convert_normalized

            (folder / "model.tflite").write_bytes(convert_normalized(name, preprocess))

        return (once(f"{name}-{preprocess}", make) / "model.tflite").read_bytes()

    return network


@pytest.fixture(scope="session")
def make_corpus() -> Callable[..., Path]:
    """``make_corpus(folder, words=("yes", "no"), speakers=12, lists=True, background=True)``."""
    return write_corpus


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """``tell(line)``: shows how far a campaign is, at once, whatever pytest captures."""

    def tell(line: str) -> None:
        with capfd.disabled():
            print(line, file=sys.stderr, flush=True)

    return tell
