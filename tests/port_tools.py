"""Exported programs for microphones, built with stubs of their SDKs, and what they ought to say."""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
from export_tools import WARNINGS
from live_sounds import RATE_HZ
from numpy.typing import NDArray
from places import C_PROGRAMS

from codegen.export.folder import contents_of
from codegen.export.formats import FORMATS
from codegen.export.library import Library
from train.audio import wav

PORTS = C_PROGRAMS / "ports"


def export(library: Library, name: str, folder: Path) -> Path:
    """The folder of a format, written."""
    for path, content in contents_of(library, FORMATS[name]).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def compile_library(library: Library, compiler: str, folder: Path) -> Path:
    """The format ``c`` and its example, compiled: objects, and the program ``example``."""
    export(library, "c", folder)
    subprocess.run([compiler, "-O1", "-c", *library.sources, "example.c"], cwd=folder, check=True)
    subprocess.run([compiler, "-o", "example", *sorted(folder.glob("*.o"))], cwd=folder, check=True)
    return folder


def heard(compiled: Path, samples: NDArray[np.int16]) -> list[str]:
    """What the library hears in these samples, a line a word."""
    recording = wav.encode_wav(samples, RATE_HZ)
    done = subprocess.run([compiled / "example"], input=recording, capture_output=True, check=True)
    return done.stdout.decode().splitlines()


def build(
    stub: str, compiled: Path, sources: list[Path], included: set[str], compiler: str, out: Path
) -> Path:
    """A program of ``sources``, with ``stub`` of tests/c/ports in place of the headers of an SDK.

    Args:
        included: names of the headers that the SDK has; other names in <> or "" are not to be had.
    """
    headers = out / "headers"
    for name in included:
        (headers / name).parent.mkdir(parents=True, exist_ok=True)
        (headers / name).write_text(f'#include "{PORTS / stub}.h"\n', encoding="utf-8")
    objects = [path for path in sorted(compiled.glob("*.o")) if path.name != "example.o"]
    folders = [f"-I{folder}" for folder in (headers, compiled, sources[0].parent)]
    flags = ["-std=gnu11", "-O1", "-pthread", *WARNINGS, *folders]
    program = out / "program"
    subprocess.run([compiler, *flags, *sources, PORTS / f"{stub}.c", *objects, "-o", program], check=True)
    return program


def run(program: Path, data: bytes, **settings: int) -> list[str]:
    """The lines that a program says; ``settings`` are those of its stub."""
    environment = {**os.environ, **{f"STUB_{name.upper()}": str(value) for name, value in settings.items()}}
    done = subprocess.run(
        [program], input=data, capture_output=True, env=environment, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def without_mean(values: NDArray[np.integer], first_mean: int, shift: int) -> NDArray[np.int16]:
    """What the programs make of values: the mean that follows taken off, halved ``shift`` times."""
    mean, samples = first_mean * 64, np.empty(len(values), np.int16)
    for number, value in enumerate(values.tolist()):
        mean += (value * 64 - mean) >> 10
        sample = (value - (mean >> 6)) >> shift if shift >= 0 else (value - (mean >> 6)) << -shift
        samples[number] = min(max(sample, -32768), 32767)
    return samples


def system_headers(source: Path) -> set[str]:
    """What a source includes, but for its own folder and the C library."""
    names = re.findall(r'^#include ["<]([^">]+)[">]', source.read_text(encoding="utf-8"), re.MULTILINE)
    return {name for name in names if "/" in name}
