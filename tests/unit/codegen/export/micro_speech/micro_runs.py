"""Run folders for the front end ``micro``, and their exports."""

from pathlib import Path

from live_sounds import RATE_HZ, noisy

from codegen.export.folder import contents_of, write
from codegen.export.formats import FORMATS
from codegen.export.library import load_library
from train.audio import wav
from train.core import runfolder
from train.core.manifest import TFLM
from train.core.spec import FrontEnd, ModelSpec, labels_for


def write_run(run: Path, tflite: bytes, front_end: str = "micro") -> Path:
    """A run folder with one clip."""
    runfolder.write_bytes(run / runfolder.TFLITE, tflite)
    spec = ModelSpec(labels_for(("yes", "größe")), front_end=FrontEnd(front_end))
    runfolder.write_spec(run, spec, [runfolder.TFLITE])
    runfolder.write_bytes(run / runfolder.CLIPS / "yes_0.wav", wav.encode_wav(noisy(1.0, 1), RATE_HZ))
    clips = [{"file": "yes_0.wav", "label": "yes", "source": ""}]
    runfolder.write_json(run / runfolder.CLIPS / runfolder.CLIPS_LIST, clips)
    return run


def exported(run: Path, folder: Path) -> Path:
    write(folder, contents_of(load_library(run, engine=TFLM), FORMATS["micro_speech"]))
    return folder
