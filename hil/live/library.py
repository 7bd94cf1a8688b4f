"""The C of a run as a shared library for this computer: firmware/app/live.h says what it can do."""

import ctypes
import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hil.live.c_sources import c_sources
from hil.live.engine import COMPILED_C, Result
from hil.live.model import LiveModel
from train.core import runfolder
from train.core.errors import UserError
from train.core.installation import FIRMWARE_SOURCES
from train.core.manifest import MANIFEST
from train.core.operating_point import INFERENCE_STRIDE_ROWS, OperatingPoint
from train.detection.reference_listener import Smoother

_COMPILERS = ("cc", "gcc", "clang")
_FLAGS = ("-std=c11", "-O2", "-DNDEBUG", "-shared", "-fPIC")
_FOLDER = "live"  # in RUN/firmware
_SUFFIX = ".dll" if sys.platform == "win32" else ".so"
_SHOWN_LINES = 3  # of what a compiler says


class LibraryError(UserError):
    """There is no library of this run here: no compiler, or no C for it; the message says why."""


class _Event(ctypes.Structure):
    """kws_event of firmware/listener/listener.h."""

    _fields_ = (
        ("has_result", ctypes.c_int32),
        ("error", ctypes.c_int32),
        ("time_ms", ctypes.c_uint32),
        ("label", ctypes.c_int32),
        ("score", ctypes.c_int32),
        ("is_new", ctypes.c_int32),
    )


class CompiledEngine:
    """See ``Engine``. Each has a copy of the library to itself, which holds one stream."""

    name = COMPILED_C

    def __init__(self, model: LiveModel) -> None:
        """Compile the C of the run, unless that was done before, and load it.

        Raises:
            LibraryError: it cannot be.
        """
        self._label_count, self._rate_hz = len(model.spec.labels), model.spec.front_end.sample_rate_hz
        self._library = _load_copy(compiled_library(model))
        self._library.kws_live_push.restype = ctypes.c_size_t
        self._library.kws_live_push.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(_Event))
        self._library.kws_live_scores.restype = ctypes.POINTER(ctypes.c_int8)
        self._event = _Event()
        self.start(model.point)

    def start(self, point: OperatingPoint) -> None:
        """See ``Engine.start``."""
        self._heard_samples = 0
        self._smoother = Smoother(self._label_count, point.window_ms, point.minimum_count)
        error = self._library.kws_live_init(INFERENCE_STRIDE_ROWS)
        if error:
            raise RuntimeError(f"kws_live_init() returned {error}")
        self._library.kws_live_set_point(
            ctypes.c_uint32(point.window_ms),
            ctypes.c_uint32(point.suppression_ms),
            ctypes.c_int32(point.minimum_count),
            ctypes.c_int32(point.suppress_each_word),
            (ctypes.c_uint8 * self._label_count)(*point.thresholds),
        )

    def push(self, samples: NDArray[np.int16]) -> list[Result]:
        """See ``Engine.push``."""
        samples = np.ascontiguousarray(samples)
        results = []
        place, left = samples.ctypes.data, len(samples)
        while left:
            taken = self._library.kws_live_push(place, left, ctypes.byref(self._event))
            place, left = place + taken * samples.itemsize, left - taken
            self._heard_samples += taken
            if self._event.has_result:
                results.append(self._result())
        return results

    def close(self) -> None:
        """See ``Engine.close``."""
        if sys.platform != "win32":
            import _ctypes

            _ctypes.dlclose(self._library._handle)

    def _result(self) -> Result:
        event = self._event
        if event.error:
            raise RuntimeError(f"an inference returned {event.error}")
        time_ms = self._heard_samples * 1000 // self._rate_hz  # the event's, but for its 32 bits
        scores = np.ctypeslib.as_array(self._library.kws_live_scores(), (self._label_count,)).copy()
        means = self._smoother.add(time_ms, scores)  # the C tells that of the label on top
        if event.is_new and event.label:  # silence is not reported
            return Result(time_ms, scores, means, event.label, event.score)
        return Result(time_ms, scores, means)


def compiled_library(model: LiveModel) -> Path:
    """The library of a run: RUN/firmware/live/<what it was made of>.so.

    Raises:
        LibraryError: there is no compiler, it fails, or RUN/c is not of this model.
    """
    compiler = _compiler()
    try:
        sources = c_sources(model.run, model.spec)
    except UserError as error:
        raise LibraryError(str(error)) from error
    flags = [*_FLAGS, *_engine_flags(), *(f"-I{folder}" for folder in sources.include_folders)]
    command = [*compiler, *flags, "-x", "c", *map(str, sources.files)]
    key = _key(command, model.run / runfolder.C_SOURCES / MANIFEST)
    library = model.run / runfolder.FIRMWARE / _FOLDER / f"{key}{_SUFFIX}"
    if not library.is_file():
        _compile(command, library)
    return library


def _compiler() -> list[str]:
    """The host's C compiler: CC, as for make, or the first that is there."""
    named = shlex.split(os.environ.get("CC", ""))
    for command in [named] if named else [[name] for name in _COMPILERS]:
        if shutil.which(command[0]):
            return command
    looked_for = named[0] if named else ", ".join(_COMPILERS)
    raise LibraryError(
        f"no C compiler is there (looked for {looked_for}); on Debian or Ubuntu: sudo apt-get install gcc"
    )


def _engine_flags() -> list[str]:
    """What the engine is compiled with everywhere."""
    text = (FIRMWARE_SOURCES / "cmake" / "engine_compiled.cmake").read_text(encoding="utf-8")
    found = re.search(r"set\(KWS_ENGINE_OPTIONS ([^)]*)\)", text)
    assert found is not None, "engine_compiled.cmake sets KWS_ENGINE_OPTIONS"
    return found[1].split()


def _key(command: list[str], manifest: Path) -> str:
    """Names a library by all that it depends on: the manifest has hashes of the generated C."""
    parts = hashlib.sha256("\0".join([*command, platform.machine()]).encode("utf-8", "surrogateescape"))
    parts.update(manifest.read_bytes())
    for path in sorted(FIRMWARE_SOURCES.rglob("*.[ch]")):
        parts.update(path.read_bytes())
    return parts.hexdigest()[:16]


def _compile(command: list[str], library: Path) -> None:
    """Write the library whole or not at all, in place of those of other C.

    Raises:
        LibraryError: the compiler fails.
    """
    with runfolder.atomic_path(library) as temporary:
        done = subprocess.run(
            [*command, "-o", str(temporary.resolve())],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=os.environ | {"LC_ALL": "C"},
        )
        if done.returncode:
            said = "\n".join(done.stderr.splitlines()[:_SHOWN_LINES])
            raise LibraryError(f"{command[0]} does not compile the C of the run: {said}")
    for other in library.parent.glob(f"*{_SUFFIX}"):
        if other != library and not other.name.startswith("."):
            other.unlink(missing_ok=True)


def _load_copy(library: Path) -> ctypes.CDLL:
    """A copy of a library of its own, as a loader gives out the same one again for the same file."""
    folder = tempfile.mkdtemp(prefix="earshot-")
    try:
        return ctypes.CDLL(shutil.copy(library, folder))
    except OSError as error:
        raise LibraryError(f"{library}: cannot be loaded ({error})") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # it stays mapped; Windows keeps the file
