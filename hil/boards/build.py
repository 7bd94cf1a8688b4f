"""A run folder becomes firmware for a board: RUN/firmware/<board>/, and what it takes of the board."""

import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from hil.boards.board import BOARD_FILE, Board, Target
from hil.boards.plain_names import plain
from hil.boards.stack import StackBound, worst_stack
from train.core import runfolder
from train.core.console import log, warn
from train.core.errors import UserError
from train.core.installation import FIRMWARE_SOURCES
from train.core.manifest import COMPILED, TFLM, Manifest, check_files, read_manifest
from train.core.processes import children
from train.core.results.belonging import check_point, check_sources, remedy_of_sources
from train.core.run_lock import LOCK

APPLICATION, PROOF = "earshot", "proof"  # programs

_UNFINISHED = ".unfinished"  # in the folder while it is built: what a killed build left, nobody goes on with
_MADE_OF = ".made_of"  # behind the name of a program: SHA-256 of the manifest of the C

_CMAKE_CACHE = "CMakeCache.txt"
_BUILD_ID = re.compile(r'KWS_BUILD_ID "([0-9a-f]+)"')
_OVERFLOW = re.compile(r"region `(FLASH|RAM)' overflowed by (\d+) bytes")
_CMAKE_ERROR = re.compile(r"^CMake Error[^\n]*:\n\n?((?:  [^\n]*\n|\n(?=  ))+)", re.MULTILINE)
_NO_COMPILER = "No CMAKE_C_COMPILER could be found"
_SECTION = re.compile(
    r"^ +\d+ (?P<name>\S+) +(?P<size>[0-9a-f]+)  (?P<vma>[0-9a-f]+)  (?P<lma>[0-9a-f]+) .*\n +(?P<flags>.*)$",
    re.MULTILINE,
)
_DISASSEMBLE = ("--disassemble", "--disassemble-zeroes", "--section=.text")  # no program runs elsewhere
_HARD_FLOAT = {"-mfloat-abi=hard", "-mfloat-abi=softfp"}


@dataclass(frozen=True)
class EngineChoice:
    """What runs the model.

    Attributes:
        name: one of ENGINES.
        tflm_root: for tflm: a TFLite-Micro checkout.
        tflm_library: for tflm: its static library, where the checkout has several for the board.
    """

    name: str = COMPILED
    tflm_root: Path | None = None
    tflm_library: Path | None = None

    def check(self) -> None:
        """Refuse an engine without what it needs, and with what it does not."""
        if self.name == TFLM and self.tflm_root is None:
            raise UserError(
                "--engine tflm needs a TFLite-Micro checkout with its library built; add --tflm-root FOLDER"
            )
        for flag, path in (("--tflm-root", self.tflm_root), ("--tflm-library", self.tflm_library)):
            if self.name != TFLM and path is not None:
                raise UserError(f"{flag} is of no use to --engine {self.name}; add --engine tflm")

    def cmake_flags(self) -> list[str]:
        """All of them each time: a build folder remembers those of the last."""
        flags = {"TFLM_ROOT": self.tflm_root, "TFLM_LIBRARY": self.tflm_library}
        paths = [f"-D{name}={plain(path) if path else ''}" for name, path in flags.items()]
        return [f"-DENGINE={self.name}", *paths]


@dataclass(frozen=True)
class Usage:
    """What an image takes of a microcontroller.

    Attributes:
        flash_bytes: code, constants and the initial values of variables.
        ram_bytes: variables, with the arena, and all that board.json sets aside for the stack.
        stack: the worst case; None where it has no bound that can be computed.
    """

    flash_bytes: int
    ram_bytes: int
    stack: StackBound | None


_COMPILED_ENGINE = EngineChoice()


@dataclass(frozen=True)
class Firmware:
    """A built program.

    Attributes:
        path: the ELF file.
        usage: None on the host.
    """

    path: Path
    arena_bytes: int
    usage: Usage | None


def build(
    board: Board,
    run: Path,
    engine: EngineChoice = _COMPILED_ENGINE,
    clean: bool = False,
    program: str = APPLICATION,
) -> Firmware:
    """Build a program of a run folder for a board.

    Args:
        engine: what is to run the model.
        clean: start from an empty build folder.
        program: APPLICATION or PROOF.
    Raises:
        UserError: the run folder is not finished or its c/ is of another model, a tool is
            missing, the image does not fit the board, or its stack has no bound or too high a one.
    """
    path, manifest = build_program(board, run, engine, clean, program)
    usage = None if board.target is None else _measure(board, board.target, path, engine.name)
    return Firmware(path, manifest.arena_bytes[engine.name], usage)


def build_program(
    board: Board, run: Path, engine: EngineChoice, clean: bool, program: str
) -> tuple[Path, Manifest]:
    """``build`` for any program of firmware/cmake: the ELF file, and its C. The stack is not looked at.

    Raises:
        UserError: as ``build``.
    """
    engine.check()
    spec = runfolder.read_spec(run, needs=[runfolder.TFLITE])
    manifest = check_sources(run, spec)
    check_point(run, spec, manifest)
    manifest.check_engine(engine.name, str(run / runfolder.C_SOURCES))
    folder = run / runfolder.FIRMWARE / board.id
    with runfolder.writing(folder, wait=True):
        unfinished, made_of = folder / _UNFINISHED, folder / f"{program}{_MADE_OF}"
        if clean or unfinished.exists() or not _was_made_here(folder):
            _empty(folder)
        unfinished.touch()
        made_of.unlink(missing_ok=True)
        path = compile_program(board, run / runfolder.C_SOURCES, folder, engine, program)
        _check_unchanged(run, manifest, path)
        note_sources(folder, program, manifest)
        unfinished.unlink()
    return path, manifest


def compile_program(board: Board, sources: Path, folder: Path, engine: EngineChoice, program: str) -> Path:
    """One program from any generated C, in a folder for builds of it.

    Raises:
        UserError: a tool is missing, or the C does not build or fit.
    """
    _configure(board, sources, folder, engine)
    _compile(board, folder, program)
    return folder / program


def note_sources(folder: Path, program: str, manifest: Manifest) -> None:
    """Write beside a program in RUN/firmware/BOARD of which C it is made; ``build_id`` asks for it."""
    runfolder.write_text(folder / f"{program}{_MADE_OF}", _digest(manifest))


def _check_unchanged(run: Path, manifest: Manifest, program: Path) -> None:
    """Refuse what was built while its C was made anew: it may be of both."""
    try:
        if read_manifest(run / runfolder.C_SOURCES, remedy_of_sources(run)) == manifest:
            check_files(run / runfolder.C_SOURCES, manifest, remedy_of_sources(run))
            return
    except UserError:
        pass
    program.unlink(missing_ok=True)
    raise UserError(f"{run / runfolder.C_SOURCES}: was made anew while this was built; build it again")


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(manifest.to_json().encode()).hexdigest()


def _empty(folder: Path) -> None:
    """All but the lock."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != LOCK:
            path.unlink()


def build_id(board: Board, run: Path) -> str:
    """What the proof that ``build`` made last says of itself when it is asked.

    Raises:
        UserError: it was not built yet, or of other C than is in RUN/c.
    """
    folder = run / runfolder.FIRMWARE / board.id
    header = folder / f"{PROOF}_build_id" / "build_id.h"
    found = _BUILD_ID.search(header.read_text(encoding="utf-8")) if header.is_file() else None
    if found is None or not (folder / PROOF).is_file():
        raise UserError(f"{folder}: the firmware {PROOF} is not there; leave out --no-build to make it")
    made_of = folder / f"{PROOF}{_MADE_OF}"
    manifest = read_manifest(run / runfolder.C_SOURCES, remedy_of_sources(run))
    if not made_of.is_file() or made_of.read_text(encoding="utf-8") != _digest(manifest):
        raise UserError(
            f"{folder / PROOF}: was built from other C than is in {run / runfolder.C_SOURCES}; leave out "
            "--no-build to make it again"
        )
    return found[1]


def _was_made_here(folder: Path) -> bool:
    """Whether CMake can go on in a build folder: it refuses one that was copied, or made by another tree."""
    cache = folder / _CMAKE_CACHE
    if not cache.is_file():
        return False
    lines = cache.read_text(encoding="utf-8", errors="replace").splitlines()
    places = {"CMAKE_CACHEFILE_DIR": folder, "CMAKE_HOME_DIRECTORY": FIRMWARE_SOURCES}
    return all(f"{name}:INTERNAL={plain(place)}" in lines for name, place in places.items())


def _configure(board: Board, sources: Path, folder: Path, engine: EngineChoice) -> None:
    if shutil.which("cmake") is None:
        raise UserError("cmake: not found; install it, on Debian or Ubuntu: sudo apt-get install cmake")
    command = ["cmake", "-S", str(plain(FIRMWARE_SOURCES)), "-B", str(plain(folder))]
    command += [f"-DBOARD={board.id}", f"-DBOARD_DIR={plain(board.folder.parent)}"]
    command += [f"-DMODEL={plain(sources)}", *engine.cmake_flags()]
    if not (folder / _CMAKE_CACHE).is_file():  # the generator of a build folder stays what it is
        if shutil.which("ninja"):
            command += ["-G", "Ninja"]
        elif shutil.which("make") is None:
            raise UserError(
                "neither ninja nor make is there; install one, on Debian or Ubuntu: "
                "sudo apt-get install ninja-build"
            )
    done = _run(command)
    if _NO_COMPILER in done.stderr:  # of boards; board.cmake asks for that of targets itself
        raise UserError("cc: not found; install it, on Debian or Ubuntu: sudo apt-get install gcc")
    if done.returncode:
        if said := _cmake_message(done.stderr):
            raise UserError(said)
        raise UserError(f"{folder}: cmake failed:", done.stderr)


def _cmake_message(stderr: str) -> str:
    """What the first message(FATAL_ERROR) said, on one line as it was written."""
    error = _CMAKE_ERROR.search(stderr)
    return " ".join(error[1].split()) if error else ""


def _compile(board: Board, folder: Path, program: str) -> None:
    done = _run(["cmake", "--build", str(plain(folder)), "--target", program, "--parallel"])
    output = done.stdout + done.stderr
    if done.returncode:
        if said := _overflow_message(board, output):
            raise UserError(said)
        raise UserError(f"{board.id}: the build failed:", output)
    log(f"built {folder / program}")


def _overflow_message(board: Board, output: str) -> str:
    """The linker's complaint about a board without the room, in terms of board.json."""
    if board.target is None:
        return ""
    budgets = {
        "FLASH": ("flash_bytes", board.target.flash_bytes),
        "RAM": ("ram_bytes", board.target.ram_bytes),
    }
    complaints = []
    for region, excess in dict.fromkeys(_OVERFLOW.findall(output)):
        name, budget = budgets[region]
        needed = budget + int(excess)
        complaints.append(f"{needed:,} bytes of {region}, but {BOARD_FILE} has {budget:,} ({name})")
    if not complaints:
        return ""
    return (
        f"{board.id}: the firmware needs {' and '.join(complaints)}; "
        "take a smaller architecture or a larger board"
    )


def _measure(board: Board, target: Target, path: Path, engine: str) -> Usage:
    flash_bytes, ram_bytes = used_bytes(_tool(target, "objdump", "--section-headers", str(path.absolute())))
    return Usage(flash_bytes, ram_bytes, stack=_stack(board, target, path, engine))


def used_bytes(headers: str) -> tuple[int, int]:
    """What the sections of an image take of flash and of RAM; code that is copied there counts in both.

    Args:
        headers: of ``objdump --section-headers``.
    """
    flash_bytes = ram_bytes = 0
    for section in _SECTION.finditer(headers):
        size_bytes, flags = int(section["size"], 16), section["flags"].split(", ")
        if "ALLOC" not in flags:
            continue
        flash_bytes += size_bytes if "LOAD" in flags else 0
        ram_bytes += size_bytes if "LOAD" not in flags or section["vma"] != section["lma"] else 0
    return flash_bytes, ram_bytes


def _stack(board: Board, target: Target, path: Path, engine: str) -> StackBound | None:
    with tempfile.TemporaryDirectory() as folder:
        # The constants of firmware.cmake would be taken for functions that lie at these addresses.
        stripped = Path(folder) / path.name
        _tool(target, "objcopy", "--wildcard", "--strip-symbol=KWS_*", str(path.absolute()), str(stripped))
        disassembly = _tool(target, "objdump", *_DISASSEMBLE, str(stripped))
    try:
        bound = worst_stack(disassembly, bool(_HARD_FLOAT & set(board.flags)), target.toolchain.machine_code)
    except UserError as error:
        if engine == COMPILED:
            raise UserError(f"{path}: {error}") from error
        warn(f"{error}; TFLite-Micro is built that way")
        return None
    if bound.bytes > target.stack_bytes:
        path_text = " > ".join(name for name, _ in bound.path)
        raise UserError(
            f"{path}: needs {bound.bytes} bytes of stack, but {BOARD_FILE} sets aside "
            f"{target.stack_bytes} (stack_bytes); raise that. The deepest path: {path_text}"
        )
    return bound


def _tool(target: Target, name: str, *arguments: str) -> str:
    """Output of a tool that comes with the compiler."""
    done = _run([target.toolchain.tool(name), *arguments])
    done.check_returncode()
    return done.stdout


def _run(command: list[str]) -> CompletedProcess[str]:
    """Run a tool; it speaks English, which is read here, and passes on names as the bytes that they are."""
    return children.run(command, environment=os.environ | {"LC_ALL": "C"})
