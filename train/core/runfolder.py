"""The run folder ``out/<name>/``: the files that stages hand to each other.

Every file is written whole or not at all, and ``spec.json`` knows the SHA-256 of the
files that belong together (docs/adr/0002-run-folder.md).
"""

import argparse
import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from train.core import typed_json
from train.core.errors import UserError, check_version, typed
from train.core.files.plain import open_plain, read_plain
from train.core.layout import fault_of_word
from train.core.outputs import State, state_of, telling_of
from train.core.run_lock import RunLock, writer_of
from train.core.spec import SPEC_VERSION, ModelSpec

SPEC, LABELS, METRICS, REPORT = "spec.json", "labels.txt", "metrics.json", "report.html"
KERAS, GRAPHDEF, TFLITE = "model.keras", "model.pb", "model.tflite"
CALIBRATION = "calibration.npy"  # (n, frames, bins) uint8 features of training clips
JOB, HISTORY = "job.json", "history.json"  # the settings of the run; its learning curves
CLIPS = "clips"  # test clips that the generated feature tests are made of
FIRMWARE = "firmware"  # programs built from c/, a folder for each board
HIL = "hil"  # what boards made of the run, a folder each
PI = "pi"  # what became of the graph on a Raspberry Pi
OPERATING_POINTS = "operating_points.json"  # thresholds and smoothing, and what they are worth
MISTAKES = "mistakes"  # clips that the int8 model got wrong
CLIPS_LIST, MISTAKES_LIST = "clips.json", "mistakes.json"  # what the WAVs of the two are
C_SOURCES, PLOTS, LOGS, CHECKPOINTS = "c", "plots", "logs", "checkpoints"
LAST, BEST = "last.npz", "best.npz"  # the checkpoints

# What is read of a run and must be of one state; folders of one command alone, as HIL, are not in it.
_TOGETHER = (
    SPEC, LABELS, KERAS, GRAPHDEF, TFLITE, CALIBRATION, JOB, HISTORY, METRICS, OPERATING_POINTS,
    f"{C_SOURCES}/manifest.json", f"{CLIPS}/{CLIPS_LIST}",
)  # fmt: skip

_HOW_TO_BEGIN = "make one with: earshot train --words yes,no"
# Of the files with another than 1. A version changes where an older reader would take a file wrongly.
VERSIONS = {SPEC: SPEC_VERSION, OPERATING_POINTS: 4}

_MOST_LABELS = 1000
_LONGEST_NAME = 60  # of a run folder made from words; file systems stop at 255 bytes
_KEPT_OF_NAME = 25  # characters, of up to four bytes, of the name and of its suffix

_FILES = (
    SPEC, LABELS, METRICS, REPORT, KERAS, GRAPHDEF, TFLITE, CALIBRATION, JOB, HISTORY, OPERATING_POINTS
)  # fmt: skip
_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}(\.\w+)?")  # as mkstemp names what ``atomic_path`` writes
_held: set[Path] = set()  # run folders that this process writes into
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_held.clear)
_FOLDERS = (CLIPS, HIL, PI, MISTAKES, C_SOURCES, PLOTS, LOGS, CHECKPOINTS)


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with open_plain(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends without error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, name = tempfile.mkstemp(path.suffix[:_KEPT_OF_NAME], _temporary_prefix(path), path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    os.close(handle)
    temporary = Path(name)
    try:
        with telling_of(path, temporary):
            yield temporary
            temporary.chmod(0o644)  # mkstemp makes private files; these are meant to be shared
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary_prefix(path: Path) -> str:
    """What the names of files begin with that stand for one: with a part of its name, which may be long."""
    return f".{path.stem[:_KEPT_OF_NAME]}."


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write a UTF-8 file whole or not at all.

    Bytes of a file's name that are no UTF-8 are written as ``\\udcff``, which JSON reads back as they were.
    """
    write_bytes(path, content.encode("utf-8", errors="backslashreplace"))


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all, keys in the order given."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """The JSON in a file of the run folder.

    Raises:
        UserError: it is missing or not JSON.
    """
    try:
        return typed_json.read(path)
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file; has this run finished?") from error
    except typed_json.Mismatch as error:
        raise UserError(f"{error}; remove it and run again") from error


def run_name(words: Iterable[str]) -> str:
    """Folder name for a list of words: ``yes_no``."""
    name = re.sub(r"[^\w-]+", "-", "_".join(words))
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def check_free(run: Path) -> None:
    """Make sure that a new run in this folder would overwrite nothing.

    Raises:
        UserError: it holds a finished or an unfinished run, or something else.
    """
    check_own(run)
    resumable = (run / CHECKPOINTS).is_dir() and (run / JOB).is_file()
    if (run / METRICS).is_file() or ((run / SPEC).is_file() and not resumable):
        raise UserError(f"{run}: holds a finished run; add --overwrite to replace it, or --out FOLDER")
    if resumable:
        raise UserError(
            f"{run}: holds an unfinished run; go on with: earshot train --resume {typed(run)}, "
            "or add --overwrite to start again"
        )


def clear(run: Path) -> None:
    """Remove what runs put into a run folder; anything else in it stays.

    Raises:
        UserError: it is not a run folder; its ``c`` or ``logs`` are somebody else's work.
    """
    check_own(run)
    for name in _FILES:
        (run / name).unlink(missing_ok=True)
    for name in _FOLDERS:
        shutil.rmtree(run / name, ignore_errors=True)


def _is_run(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (SPEC, JOB))


def check_not_newer(run: Path) -> None:
    """Make sure that no file of a run was written by a newer Earshot, before anything is written beside it.

    Raises:
        UserError: one was.
    """
    for name in _FILES:
        path = run / name
        if path.suffix != ".json" or not path.is_file():
            continue
        try:
            content = typed_json.read(path)
        except (OSError, typed_json.Mismatch):
            continue  # whoever needs it says so
        version = content.get("version") if isinstance(content, dict) else None
        if type(version) is int:
            check_version(version, VERSIONS.get(name, 1), str(path), "choose another folder")


def _check_links(run: Path) -> None:
    """Make sure that what is written into a run stays there: in one from others, a folder may be a link."""
    for name in (*_FOLDERS, FIRMWARE):
        path = run / name
        if path.is_symlink() and not path.resolve().is_relative_to(run.resolve()):
            raise UserError(
                f"{path}: is a link that leads out of the run folder, to {path.resolve()}, where nothing is "
                "written; remove it, or put the folder itself there"
            )


def check_own(run: Path) -> None:
    """Make sure that a folder is new, empty or a run folder, so that it may be replaced.

    Raises:
        UserError: it is something else.
    """
    if state_of(run, _is_run) is State.FOREIGN:
        raise UserError(f"{run}: exists and is not a run folder; choose another with --out FOLDER")


@contextlib.contextmanager
def writing(run: Path, wait: bool = False, replaces: bool = False) -> Iterator[None]:
    """Let no other process write into a run folder, or a folder of one, until the block ends.

    The system lets go of the lock when the process ends, however it ends: what a killed one left is no lock.
    Within a process, one block may be in another.

    Args:
        wait: until the other process is done; else it is an error.
        replaces: all that is there, so that it does not matter what it is.
    Raises:
        UserError: another process writes into it, and the message says which; or nobody can; or a newer
            Earshot wrote what is there.
    """
    place = run.resolve()
    if place in _held or (
        run.exists() and not run.is_dir()
    ):  # what is no folder is refused by whoever reads it
        yield
        return
    _check_links(run)
    if not replaces:
        check_not_newer(run)
    is_new = not run.exists()
    try:
        lock = RunLock(run, wait)
    except OSError as error:
        raise UserError(
            f"{run}: cannot be written ({error.strerror}); choose another folder, or make this one writable"
        ) from error
    _held.add(place)
    try:
        _clear_temporary(run)
        yield
    finally:
        _held.remove(place)
        lock.release()
        if is_new:  # and nothing came of it
            with contextlib.suppress(OSError):
                run.rmdir()


def _clear_temporary(run: Path) -> None:
    """Remove what ``atomic_path`` could not, because its process was killed: nobody else writes here now."""
    prefixes = tuple(_temporary_prefix(Path(name)) for name in _FILES)
    found = [path for path in run.glob(".*") if path.name.startswith(prefixes)]
    for folder in (CLIPS, MISTAKES, C_SOURCES, PLOTS, CHECKPOINTS):
        found += (run / folder).rglob(".*")
    for path in found:
        if _TEMPORARY.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def reading(*runs: Path) -> Iterator[None]:
    """Make sure that what is read of run folders within the block is of one state of each.

    An error that comes of another process at work is told as that. What this process writes is its business.

    Raises:
        UserError: another process changed a folder meanwhile, or was about to.
    """
    places = {run.resolve(): run for run in runs}
    before = {run: _state(run) for place, run in places.items() if place not in _held}
    try:
        yield
    except Exception as error:
        for run, state in before.items():
            _check_still(run, state, error)
        raise
    for run, state in before.items():
        _check_still(run, state)


def reads_run(command: Callable[[argparse.Namespace], None]) -> Callable[[argparse.Namespace], None]:
    """A command that reads the run folder ``flags.run``, from its start to its end: see ``reading``."""

    @functools.wraps(command)
    def run(flags: argparse.Namespace) -> None:
        with reading(flags.run):
            command(flags)

    return run


def _check_still(run: Path, before: dict[str, str], error: Exception | None = None) -> None:
    """Tell that another process changed the folder, or that it writes into it, which may explain an error."""
    now = _state(run)
    changed = [name for name in _TOGETHER if now.get(name) != before.get(name)]
    if changed:
        writer = writer_of(run)
        by = f" by {writer.rstrip(',')}" if writer else ""
        raise UserError(
            f"{run}: {', '.join(changed)} changed{by} while this ran, so what was read may not belong "
            f"together; {'wait until that is done, and ' if writer else ''}run it again"
        ) from error
    if isinstance(error, UserError | OSError) and (writer := writer_of(run)):
        raise UserError(
            f"{error}; {writer} writes into {run}: wait until that is done, and run it again"
        ) from error


def _state(run: Path) -> dict[str, str]:
    """The SHA-256 of each file that is there."""
    state = {}
    for name in _TOGETHER:
        with contextlib.suppress(OSError):
            state[name] = sha256_file(run / name)
    return state


def write_spec(run: Path, spec: ModelSpec, artefacts: Iterable[str] = ()) -> ModelSpec:
    """Write spec.json with the hashes of ``artefacts`` as they are on disk now."""
    spec = spec.with_artefacts({name: sha256_file(run / name) for name in artefacts})
    write_text(run / SPEC, spec.to_json())
    return spec


def made_by(run: Path, name: str) -> str:
    """The command that makes a file of a run folder."""
    return f"earshot quantize {typed(run)}" if name == TFLITE else f"earshot train --resume {typed(run)}"


def read_spec(run: Path, needs: Iterable[str] = ()) -> ModelSpec:
    """The spec of a run folder, after checking the files that the caller needs.

    Raises:
        UserError: no run folder, a file missing, a file that is not the one the spec was
            written with, or a model.tflite where the front end allows none.
    """
    run, needs = Path(run), tuple(needs)
    if not (run / SPEC).is_file():
        has_begun = (run / JOB).is_file()
        how = f"wait for it, or go on with: {made_by(run, SPEC)}" if has_begun else _HOW_TO_BEGIN
        raise UserError(f"{run}: no {SPEC} there, so this is not a finished run folder; {how}")
    spec = ModelSpec.from_json(read_plain(run / SPEC, typed_json.MOST_BYTES), str(run / SPEC))
    _check_labels(run, spec)
    if TFLITE in needs:
        spec.front_end.check_deployable(run)
    for name in needs:
        if not (run / name).is_file():
            raise UserError(
                f"{run / name}: missing; the run was not finished or the file was removed; make it with: "
                f"{made_by(run, name)}"
            )
        found, expected = sha256_file(run / name), spec.artefacts.get(name)
        if found != expected:
            raise UserError(
                f"{run / name}: does not belong to {run / SPEC}: SHA-256 is {found[:12]}…, "
                f"expected {(expected or 'none')[:12]}…; make it again with: {made_by(run, name)}"
            )
    return spec


def _check_labels(run: Path, spec: ModelSpec) -> None:
    """What the command line asks of words, which become names of files."""
    faults = [
        f"{word!r:.80} cannot be a word: {fault}" for word in spec.words if (fault := fault_of_word(word))
    ]
    if len(spec.labels) > _MOST_LABELS:
        faults.append(f"{len(spec.labels):,} labels, expected at most {_MOST_LABELS:,}")
    if faults:
        raise UserError(f"{run / SPEC}: {faults[0]}; train again")
