"""What a build of the library costs: instructions by an emulator, flash and RAM by the linker's map.

Any C that has engine.h's model and the front end can be measured: firmware/app/bench.c is linked to it and
run. It also says the scores, so that a build that is fast and wrong is noticed.
"""

import functools
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_measure import Subject
from library.cores import Core

from hil.bench.program import Said, check_scores, counter, numbers_of
from hil.link.process import ProcessLink
from train.core.errors import UserError
from train.core.installation import FIRMWARE_SOURCES

_PROGRAM = FIRMWARE_SOURCES / "app" / "bench.c"
_INCLUDES = tuple(FIRMWARE_SOURCES / name for name in ("", "hal", "app", "boards/common"))
_SECTIONS = ("-ffunction-sections", "-fdata-sections")
_BUILD_TIMEOUT_S, _RUN_TIMEOUT_S = 300, 600


@dataclass(frozen=True)
class Figures:
    """Instructions of an inference and of a row of features, and what the sources take of the program."""

    instructions: int
    instructions_per_row: int
    flash_bytes: int
    ram_bytes: int


def measure(
    core: Core,
    compiler: str,
    options: Sequence[str],
    sources: Iterable[Path],
    include_folders: Iterable[Path],
    subject: Subject | None = None,
) -> Figures:
    """Build, run, and count.

    Args:
        compiler: GCC or CLANG of ``cores``.
        options: of the compiler, such as -O2; they are for the sources alone.
        sources: all C of model, kernels and front end.
        include_folders: where their headers are, and engine.h.
        subject: if given, the model, whose scores must be right to the bit.
    Raises:
        UserError: it does not compile or run, or scores are wrong.
    """
    includes = [f"-I{folder}" for folder in include_folders]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "library").mkdir()
        command = [*core.command(compiler), *options, *_SECTIONS, *includes]
        objects = [_object(command, source, folder / "library") for source in sources]
        program = folder / "program"
        main = _object(_machine_command(core, includes), _PROGRAM, folder)
        link = [core.gcc, *core.flags, *core.link_flags, "-Wl,--gc-sections", f"-Wl,-Map={program}.map"]
        run_tool([*link, main, *objects, *_machine(core), "-lgcc", "-o", program])
        said = _run([*core.emulator, core.program_flag, str(program)])
        sizes = linked_bytes(Path(f"{program}.map").read_text(encoding="utf-8"), folder / "library")
    if subject is not None:
        check_scores(said, subject.oracle, subject.where)
    count = counter(said)
    inferences, rows = said["inferences"][0], said["rows"][0][1:]  # the first row fills a whole window
    return Figures(
        _mean([count(ticks) for ticks in inferences]), _mean([count(ticks) for ticks in rows]), *sizes
    )


def run_tool(arguments: Iterable[str | Path]) -> str:
    """What a compiler says to both of its outputs.

    Raises:
        UserError: it fails.
    """
    words = [str(argument) for argument in arguments]
    done = subprocess.run(words, capture_output=True, text=True, timeout=_BUILD_TIMEOUT_S)
    if done.returncode:
        raise UserError(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def _object(command: Sequence[str], source: Path, folder: Path) -> Path:
    output = folder / f"{source.stem}.o"
    if output.exists():
        raise UserError(f"{source}: a second source of that name")
    run_tool([*command, "-c", source, "-o", output])
    return output


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()  # goes with the process


@functools.cache
def _machine(core: Core) -> tuple[Path, ...]:
    """Objects of the machine itself, which no build of a library changes."""
    folder = Path(tempfile.mkdtemp(dir=_folder().name))
    return tuple(_object(_machine_command(core, ()), source, folder) for source in core.machine_sources)


def _machine_command(core: Core, includes: Iterable[str]) -> list[str]:
    folders = [f"-I{folder}" for folder in _INCLUDES]
    return [core.gcc, *core.machine_flags, "-std=c11", "-O2", *_SECTIONS, *folders, *includes]


def _run(command: Sequence[str]) -> Said:
    with ProcessLink(command, _RUN_TIMEOUT_S) as link:
        first = link.read_line().decode()
        if not first.startswith("bench "):
            raise UserError(f"{command[-1]} said {first!r}, expected 'bench' and the name of a board")
        return numbers_of(iter(lambda: link.read_line().decode(), "end"))


def linked_bytes(link_map: str, folder: Path) -> tuple[int, int]:
    """Bytes of flash and of RAM that were linked from the objects of a folder."""
    linked = link_map.split("Linker script and memory map")[1]
    entry = rf"^ \.(\w+)\S*\s+0x\w+\s+0x(\w+)\s+{re.escape(str(folder))}/\S+\.o$"
    flash = ram = 0
    for section, size in re.findall(entry, linked, re.MULTILINE):
        flash += int(size, 16) if section in ("text", "rodata", "data") else 0
        ram += int(size, 16) if section in ("data", "bss") else 0
    return flash, ram


def _mean(values: Sequence[int]) -> int:
    return round(sum(values) / len(values))
