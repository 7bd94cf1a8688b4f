"""Many small engines in one library: the compiler starts once, and each kernel is compiled once."""

import ctypes
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from codegen.engine import build_engine
from codegen.native import UNDEFINED_SANITIZER, WARNINGS
from train.core.installation import FIRMWARE_SOURCES
from train.core.manifest import whole_words
from train.tflite.graph import read_graph


class EngineBatch:
    """The engines of several .tflite, each under a prefix of its own."""

    def __init__(self, models: Mapping[str, bytes], flags: Sequence[str] = UNDEFINED_SANITIZER) -> None:
        self._engines = {
            name: build_engine(read_graph(tflite, name), "// A test.", name)
            for name, tflite in models.items()
        }
        with tempfile.TemporaryDirectory() as name:
            self._library = ctypes.CDLL(str(self._compile(Path(name), flags)))
        self._models = {
            name: (ctypes.c_uint64 * (whole_words(engine.arena_bytes) // 8))()
            for name, engine in self._engines.items()
        }
        for name in models:
            for end in ("input", "output"):
                self._function(name, end).restype = ctypes.c_void_p
            self.reset(name)

    def reset(self, name: str) -> None:
        """Begin again: state is as at first."""
        assert self._call(name, "init") == 0

    def run(self, name: str, inputs: np.ndarray) -> np.ndarray:
        """(n, outputs) int8 of (n, ...) int8, one after the other."""
        engine = self._engines[name]
        assert inputs[0].nbytes == engine.input_bytes
        outputs = np.empty((len(inputs), engine.output_count), np.int8)
        for item, output in zip(inputs, outputs, strict=True):
            ctypes.memmove(self._call(name, "input"), item.tobytes(), engine.input_bytes)
            assert self._call(name, "invoke") == 0
            at = ctypes.string_at(self._call(name, "output"), engine.output_count)
            output[...] = np.frombuffer(at, np.int8)
        return outputs

    def _compile(self, folder: Path, flags: Sequence[str]) -> Path:
        sources = []
        for position, engine in enumerate(self._engines.values()):
            place = folder / str(position)
            place.mkdir()
            for file, content in engine.sources.items():
                renamed = content.replace("kws_model_", f"model_{position}_")
                renamed = renamed.replace('"model/model.h"', '"engine.h"')  # whose functions are others'
                (place / file).write_text(renamed, encoding="ascii")
            sources.append(place / "engine.c")
        kernels = sorted({kernel for engine in self._engines.values() for kernel in engine.kernels})
        sources += [FIRMWARE_SOURCES / "kernels" / f"{kernel}.c" for kernel in kernels]
        library = folder / "engines.so"
        command = ["cc", *WARNINGS, "-shared", "-fPIC", *flags, f"-I{FIRMWARE_SOURCES}"]
        done = subprocess.run([*command, *sources, "-o", library], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return library

    def _call(self, name: str, function: str):
        return self._function(name, function)(self._models[name])

    def _function(self, name: str, function: str):
        return getattr(self._library, f"model_{list(self._engines).index(name)}_{function}")
