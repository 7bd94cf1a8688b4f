"""The folder of an export: what is in it, and when it may be written anew."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codegen.export.formats import Format
from codegen.export.library import Instructions, Library
from train.core import runfolder
from train.core.errors import UserError
from train.core.installation import earshot_version, licence
from train.core.manifest import MANIFEST, PointName
from train.core.outputs import State, state_of
from train.core.typed_json import Json, encode, read

LICENSE, README = "LICENSE", "README.md"
_VERSION_KEY, _VERSION = "export_version", 1


@dataclass(frozen=True)
class Export:
    """manifest.json of an export.

    Attributes:
        earshot_version, format, prefix, engine: what made it, and of what kind it is.
        model_sha256, front_end_sha256, sample_rate_hz, labels, operating_point: as in the manifest of RUN/c;
            None and none for a model without front end.
        memory_bytes: of a stream, or of a model without front end; ``arena_bytes`` are a part of it.
        flash_bytes: estimated for a Cortex-M4, without a C library; ``constant_bytes`` of it are counted. As
            all sizes, and the prefix, None where the folder does not hold our library.
        instructions: of each board that ``earshot bench`` counted.
        files: SHA-256 of every other file.
    """

    earshot_version: str
    format: str
    prefix: str | None
    engine: str
    model_sha256: str
    front_end_sha256: str | None
    sample_rate_hz: int | None
    labels: tuple[str, ...]
    operating_point: PointName | None
    memory_bytes: int | None
    arena_bytes: int | None
    flash_bytes: int | None
    constant_bytes: int | None
    instructions: tuple[Instructions, ...]
    files: Mapping[str, str]


def contents_of(library: Library, format: Format) -> dict[str, bytes]:
    """Every file of an export, by its path in the folder.

    Raises:
        UserError: the format cannot hold this library.
    """
    texts = {**format.files(library), LICENSE: library.render("common/LICENSE", licence=licence())}
    contents = {
        name: text if isinstance(text, bytes) else text.encode("utf-8")
        for name, text in sorted(texts.items())
    }
    manifest, ours = library.manifest, format.holds_library
    export = Export(
        earshot_version=earshot_version(),
        format=format.name,
        prefix=library.prefix if ours else None,
        engine=library.engine,
        model_sha256=manifest.model_sha256,
        front_end_sha256=manifest.front_end_sha256,
        sample_rate_hz=manifest.sample_rate_hz,
        labels=manifest.labels,
        operating_point=manifest.operating_point,
        memory_bytes=library.memory_bytes if ours else None,
        arena_bytes=library.arena_bytes if ours else None,
        flash_bytes=library.flash_bytes if ours else None,
        constant_bytes=library.constant_bytes if ours else None,
        instructions=library.instructions if ours else (),
        files={name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    )
    text = json.dumps({_VERSION_KEY: _VERSION, **encode(export)}, indent=2, ensure_ascii=False) + "\n"
    return {**contents, MANIFEST: text.encode("utf-8")}


def check(folder: Path, overwrite: bool) -> None:
    """Make sure that an export may be written into a folder. An earlier one is replaced unasked.

    Args:
        overwrite: the user asked for it; other files stay then, too.
    Raises:
        UserError: it is a file, or holds something that would be lost.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out {folder}: is a file, expected a folder")
    changed = _changed(folder)
    if overwrite or state_of(folder, lambda _: changed == []) is not State.FOREIGN:
        return
    reason = f"{changed[0]} was changed since it was exported" if changed else "holds other files"
    raise UserError(
        f"--out {folder}: {reason}; add --overwrite to write into it all the same, which keeps files of "
        "other names, or choose another folder"
    )


def write(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write an export, and remove what an earlier one left there; the manifest comes last.

    Args:
        folder: that ``check`` let pass.
    Returns:
        the files written.
    """
    changed = _changed(folder)
    for name in _written(folder) or ():
        if name not in contents and name not in (changed or ()):
            (folder / name).unlink(missing_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    for name, content in contents.items():
        runfolder.write_bytes(folder / name, content)
    return [folder / name for name in contents]


def _changed(folder: Path) -> list[str] | None:
    """The files of an earlier export that are not as it wrote them; None where there is no export."""
    files = _written(folder)
    if files is None:
        return None
    there = {name: expected for name, expected in files.items() if (folder / name).is_file()}
    return [name for name, expected in there.items() if runfolder.sha256_file(folder / name) != expected]


def _written(folder: Path) -> dict[str, Json] | None:
    """The files of an earlier export, with their hashes; None where there is none."""
    try:
        manifest = read(folder / MANIFEST)
        if manifest[_VERSION_KEY] != _VERSION:
            return None
        files = manifest["files"]
        inside = all((folder / name).resolve().is_relative_to(folder.resolve()) for name in files)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(files) if inside and isinstance(files, dict) else None
