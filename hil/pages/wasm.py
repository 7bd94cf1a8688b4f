"""The C that listens, as a board runs it, compiled to WebAssembly for a browser."""

import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

from hil.live.c_sources import c_sources
from train.core import runfolder
from train.core.errors import UserError
from train.core.installation import FIRMWARE_SOURCES
from train.core.processes import children

_FUNCTIONS = (
    *("init", "samples", "push", "poll", "event", "thresholds", "set_point"),
    *("scores", "row", "row_count"),
)
_FLAGS = (
    # No C library and none of its headers; firmware/browser has what takes their place.
    *("--target=wasm32-freestanding", "-nostdlib", "-nostdlibinc"),
    *("-std=c11", "-O2", "-mbulk-memory"),
    *("-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--gc-sections"),
    *(f"-Wl,--export=kws_page_{name}" for name in _FUNCTIONS),
)


def compile_wasm(run: Path) -> bytes:
    """RUN/c with front end, kernels and recognizer as a module that imports nothing.

    It exports its memory and the functions of firmware/browser/page.c.

    Raises:
        UserError: the run folder is not finished or its c/ is of another model, the compiled engine does not
            run the model, or there is no compiler for WebAssembly.
    """
    sources = c_sources(run, runfolder.read_spec(run, needs=[runfolder.TFLITE]))
    browser = FIRMWARE_SOURCES.resolve() / "browser"
    with tempfile.TemporaryDirectory() as temporary:
        module = Path(temporary) / "live.wasm"
        command = [*_compiler(), *_FLAGS, "-isystem", str(browser)]
        command += [f"-I{folder}" for folder in sources.include_folders]
        files = (browser / "library.c", browser / "page.c", *sources.files)
        command += ["-o", str(module), "-x", "c", *map(str, files)]
        caches = {"ZIG_LOCAL_CACHE_DIR": temporary, "ZIG_GLOBAL_CACHE_DIR": temporary}
        done = children.run(command, environment=os.environ | caches)
        if done.returncode:
            raise UserError(
                f"{command[0]}: cannot make WebAssembly of {run / runfolder.C_SOURCES}:", done.stderr
            )
        return module.read_bytes()


def _compiler() -> list[str]:
    """A clang with a linker for WebAssembly: that of the system, or that which the package ziglang brings."""
    clang, linker = shutil.which("clang"), shutil.which("wasm-ld")
    if clang and linker:
        return [clang]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    missing = "clang" if not clang else "wasm-ld"
    raise UserError(
        f"{missing}: not found, and the page needs clang and wasm-ld to make WebAssembly of the C; install "
        "them, on Debian or Ubuntu: sudo apt-get install clang lld; or anywhere: pip install "
        "'earshot-kws[page]'"
    )
