"""Run folders of wake words, and their exports."""

from pathlib import Path

from live_sounds import RATE_HZ, noisy
from operating_points import put_in_force

from codegen.export.folder import contents_of, write
from codegen.export.formats import FORMATS
from codegen.export.library import load_library
from train.audio import wav
from train.core import runfolder
from train.core.manifest import TFLM
from train.core.operating_point import NEVER, OperatingPoint
from train.core.spec import FrontEnd, ModelSpec, labels_for

WAKE = FrontEnd("micro", window_stride_ms=10)
WORDS = ("hey größe", "vad")
POINT = OperatingPoint(120, 1500, 3, (NEVER, NEVER, 140, 200), stride_rows=3)


def write_run(run: Path, tflite: bytes, front_end: FrontEnd = WAKE) -> Path:
    """A run folder with one clip, and a point."""
    runfolder.write_bytes(run / runfolder.TFLITE, tflite)
    runfolder.write_spec(run, ModelSpec(labels_for(WORDS), "wake_word", front_end), [runfolder.TFLITE])
    runfolder.write_bytes(run / runfolder.CLIPS / "a.wav", wav.encode_wav(noisy(1.0, 1), RATE_HZ))
    clips = [{"file": "a.wav", "label": WORDS[0], "source": ""}]
    runfolder.write_json(run / runfolder.CLIPS / runfolder.CLIPS_LIST, clips)
    put_in_force(run, POINT)
    return run


def exported(run: Path, folder: Path) -> Path:
    write(folder, contents_of(load_library(run, engine=TFLM), FORMATS["esphome"]))
    return folder
