"""The C library of a run, compiled for this computer: RUN/c/kws.h says what it can do."""

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hil.live.c_sources import c_sources
from hil.live.engine import COMPILED_C, Result
from hil.live.model import LiveModel
from train.core import runfolder
from train.core.errors import UserError
from train.core.files.plain import read_plain
from train.core.installation import FIRMWARE_SOURCES
from train.core.manifest import MANIFEST
from train.core.operating_point import OperatingPoint
from train.core.processes import children
from train.detection.reference_listener import Smoother

_COMPILERS = ("cc", "gcc", "clang")
_FLAGS = ("-std=c11", "-O2", "-DNDEBUG", "-shared", "-fPIC")
_FOLDER = "live"  # in RUN/firmware
_SUFFIX = ".dll" if sys.platform == "win32" else ".so"
_SHOWN_LINES = 3  # of what a compiler says
_TIME_MASK = 0xFFFFFFFF  # of kws_event.time_ms


class LibraryError(UserError):
    """There is no library of this run here: no compiler, or no C for it; the message says why."""


class _Event(ctypes.Structure):
    """kws_event of kws.h."""

    _fields_ = (
        ("time_ms", ctypes.c_uint32),
        ("label", ctypes.c_int32),
        ("score", ctypes.c_int32),
        ("is_new", ctypes.c_int32),
    )


class CompiledEngine:
    """See ``Engine``. Each has a kws_stream; all of a run share its library."""

    name = COMPILED_C

    def __init__(self, model: LiveModel) -> None:
        """Compile the C of the run, unless that was done before, and load it.

        Raises:
            LibraryError: it cannot be.
        """
        self._label_count = len(model.spec.labels)
        path, stream_bytes = compiled_library(model)
        try:
            if not path.is_file():  # another process compiled other C of the run, and removed this
                path, stream_bytes = compiled_library(model)
            self._library = ctypes.CDLL(str(path.resolve()))
        except OSError as error:
            raise LibraryError(f"{path}: cannot be loaded ({error})") from error
        self._library.kws_push.restype = ctypes.c_uint32
        self._library.kws_push.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)
        self._library.kws_scores.restype = ctypes.POINTER(ctypes.c_int8)
        self._stream = (ctypes.c_uint64 * (stream_bytes // 8))()
        self._event = _Event()
        self.start(model.point)

    def start(self, point: OperatingPoint) -> None:
        """See ``Engine.start``."""
        self._time_ms = 0
        self._smoother = Smoother(self._label_count, point.window_ms, point.minimum_count)
        error = self._library.kws_init(self._stream)
        if error:
            raise RuntimeError(f"kws_init() returned {error}")
        self._library.kws_set_point(self._stream, ctypes.byref(self._point(point)))

    def _point(self, point: OperatingPoint) -> ctypes.Structure:
        """A kws_point of kws.h."""

        class Point(ctypes.Structure):
            _fields_ = (
                ("window_ms", ctypes.c_uint32),
                ("suppression_ms", ctypes.c_uint32),
                ("minimum_count", ctypes.c_int32),
                ("suppress_each_word", ctypes.c_int32),
                ("thresholds", ctypes.c_uint8 * self._label_count),
            )

        return Point(
            point.window_ms,
            point.suppression_ms,
            point.minimum_count,
            point.suppress_each_word,
            point.thresholds,
        )

    def push(self, samples: NDArray[np.int16]) -> list[Result]:
        """See ``Engine.push``."""
        samples = np.ascontiguousarray(samples)
        results = []
        place, left = samples.ctypes.data, len(samples)
        while left:
            taken = self._library.kws_push(self._stream, place, left)
            place, left = place + taken * samples.itemsize, left - taken
            while status := self._library.kws_poll(self._stream, ctypes.byref(self._event)):
                if status < 0:
                    raise RuntimeError(f"kws_poll() returned {status}")
                results.append(self._result())
        return results

    def close(self) -> None:
        """See ``Engine.close``. The library stays loaded: others may be listening with it."""

    def _result(self) -> Result:
        event = self._event
        self._time_ms += (event.time_ms - self._time_ms) & _TIME_MASK  # the C's wraps around
        scores = np.ctypeslib.as_array(self._library.kws_scores(self._stream), (self._label_count,)).copy()
        means = self._smoother.add(self._time_ms, scores)  # the C tells that of the label on top
        if event.is_new:
            return Result(self._time_ms, scores, means, event.label, event.score)
        return Result(self._time_ms, scores, means)


def compiled_library(model: LiveModel) -> tuple[Path, int]:
    """The library of a run, RUN/firmware/live/<what it was made of>.so, and bytes of a kws_stream.

    Raises:
        LibraryError: there is no compiler, it fails, or RUN/c is not of this model.
    """
    compiler = _compiler()
    try:
        sources = c_sources(model.run, model.spec)
    except UserError as error:
        raise LibraryError(str(error)) from error
    flags = [*_FLAGS, *(f"-I{folder}" for folder in sources.include_folders)]
    command = [*compiler, *flags, "-x", "c", *map(str, sources.files)]
    key = _key(command, model.run / runfolder.C_SOURCES / MANIFEST)
    library = model.run / runfolder.FIRMWARE / _FOLDER / f"{key}{_SUFFIX}"
    if not library.is_file():
        with runfolder.writing(library.parent, wait=True):
            if not library.is_file():
                _compile(command, library)
    return library, sources.stream_bytes


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


def _key(command: list[str], manifest: Path) -> str:
    """Names a library by all that it depends on: the manifest has hashes of the generated C."""
    parts = hashlib.sha256("\0".join([*command, platform.machine()]).encode("utf-8", "surrogateescape"))
    parts.update(read_plain(manifest))
    for path in sorted(FIRMWARE_SOURCES.rglob("*.[ch]")):
        parts.update(path.read_bytes())
    return parts.hexdigest()[:16]


def _compile(command: list[str], library: Path) -> None:
    """Write the library whole or not at all, in place of those of other C.

    Raises:
        LibraryError: the compiler fails.
    """
    with runfolder.atomic_path(library) as temporary:
        english = os.environ | {"LC_ALL": "C"}
        done = children.run([*command, "-o", temporary.resolve()], environment=english)
        if done.returncode:
            said = "; ".join(done.stderr.splitlines()[:_SHOWN_LINES])
            raise LibraryError(f"{command[0]} does not compile the C of the run: {said}")
    for other in library.parent.glob(f"*{_SUFFIX}"):
        if other != library and not other.name.startswith("."):
            other.unlink(missing_ok=True)
