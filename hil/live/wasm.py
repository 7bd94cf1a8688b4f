"""The C that listens, as a board runs it, compiled to WebAssembly for a browser."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hil.boards.build import check_sources
from train.core import runfolder
from train.core.errors import UserError
from train.core.installation import FIRMWARE_SOURCES
from train.core.manifest import COMPILED

_FUNCTIONS = ("init", "push", "set_point", "scores", "row", "row_count", "samples", "event", "thresholds")
_FLAGS = (
    # No C library and none of its headers; firmware/browser has what takes their place.
    *("--target=wasm32-freestanding", "-nostdlib", "-nostdlibinc"),
    *("-std=c11", "-O2", "-mbulk-memory"),
    *("-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--gc-sections"),
    *(f"-Wl,--export=kws_live_{name}" for name in _FUNCTIONS),
)
_GENERATED = ("engine.c", "frontend_tables.c", "operating_point.c")
_GENERATED_AS_C = "micro_model_settings.cc"  # C as well as C++


def compile_wasm(run: Path) -> bytes:
    """RUN/c with front end, kernels and recognizer as a module that imports nothing.

    It exports its memory and the functions of firmware/app/live.h.

    Raises:
        UserError: the run folder is not finished or its c/ is of another model, the compiled engine does not
            run the model, or there is no compiler for WebAssembly.
    """
    manifest = check_sources(run, runfolder.read_spec(run, needs=[runfolder.TFLITE]))
    generated = (run / runfolder.C_SOURCES).resolve()  # no name in it then begins as a flag does
    manifest.check_engine(COMPILED, str(run / runfolder.C_SOURCES))
    sources = [FIRMWARE_SOURCES / "app" / "live.c", FIRMWARE_SOURCES / "browser" / "library.c"]
    sources += [FIRMWARE_SOURCES / "kernels" / f"{kernel}.c" for kernel in manifest.kernels]
    sources += sorted((FIRMWARE_SOURCES / "frontend").glob("*.c"))
    sources += sorted((FIRMWARE_SOURCES / "listener").glob("*.c"))
    sources += [FIRMWARE_SOURCES / "model" / "compiled.c", *(generated / name for name in _GENERATED)]
    headers = [FIRMWARE_SOURCES, FIRMWARE_SOURCES / "listener", generated]
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder) / "live.wasm"
        command = [*_compiler(), *_FLAGS, "-isystem", str(FIRMWARE_SOURCES / "browser")]
        command += [f"-I{header}" for header in headers] + [str(source) for source in sources]
        command += ["-x", "c", str(generated / _GENERATED_AS_C), "-o", str(module)]
        caches = {"ZIG_LOCAL_CACHE_DIR": folder, "ZIG_GLOBAL_CACHE_DIR": folder}
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", env=os.environ | caches
        )
        if done.returncode:
            raise UserError(f"{command[0]}: cannot make WebAssembly of {generated}:\n{done.stderr}")
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
