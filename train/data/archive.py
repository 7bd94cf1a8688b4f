"""Unpacks corpora, safely, and whole or not at all.

Archives are untrusted. Members are written one by one, by this module's own code, as new
files in a new folder that holds no link; the first member that is not a plain file or
folder with a plain relative name refuses the whole archive.
"""

import contextlib
import errno
import lzma
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from train.core import console
from train.core.errors import UserError
from train.core.layout import ARCHIVE_SUFFIXES, SOUND_SUFFIXES, is_litter
from train.core.outputs import whole_folder
from train.core.runfolder import sha256_file
from train.data.folders import corpus_root

MAX_TOTAL_BYTES = 20 * 2**30  # the official corpus unpacks to about 4 GB
MAX_MEMBERS = 1_000_000  # the official corpus has 105,000
_MB = 1_000_000
_BLOCK_BYTES = 1 << 20
_SPARE_DISK_BYTES = 100 * _MB

_ZIP_UTF8 = 0x800  # a flag of a member

_PACKED_TARS = (b"\x1f\x8b", b"\xfd7zXZ", b"BZh")  # gzip, xz, bzip2
_TAR_MARK, _TAR_MARK_BYTES = b"ustar", 257

_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, UnicodeError)


@dataclass(frozen=True)
class _Member:
    """One entry: ``content`` is None for a folder; ``position_bytes`` is how far into the archive."""

    name: str
    size_bytes: int
    position_bytes: int
    content: IO[bytes] | None


def is_archive(path: Path) -> bool:
    """True when the name ends like an archive that ``extract`` takes."""
    return Path(path).name.lower().endswith(ARCHIVE_SUFFIXES)


def folder_for(archive_name: str, sha256: str, cache: Path) -> Path:
    """Where ``extract`` puts an archive: ``cache/corpora/<name without suffix>-<12 of its hash>``."""
    name = Path(archive_name).name
    stem = next((name[: -len(end)] for end in ARCHIVE_SUFFIXES if name.lower().endswith(end)), name)
    return Path(cache) / "corpora" / f"{stem}-{sha256[:12]}"


def extract(archive: Path, cache: Path, sha256: str | None = None, words: Sequence[str] = ()) -> Path:
    """Unpack a corpus into the cache, unless that was done before.

    What macOS and Windows keep for themselves (``__MACOSX/``, ``Thumbs.db``) and hidden files are left out.

    Args:
        archive: one of ``ARCHIVE_SUFFIXES``.
        cache: folder to unpack under.
        sha256: of the archive, when the caller has just verified it; else it is computed.
        words: that are wanted, see ``corpus_root``.
    Returns:
        The corpus root (``corpus_root``).
    Raises:
        UserError: not an archive, damaged, encrypted, dangerous, too large, no room, or
            without a corpus. Nothing is left behind then.
    """
    archive = Path(archive)
    if archive.suffix.lower() in SOUND_SUFFIXES:
        raise UserError(
            f"{archive}: is one recording; expected a folder with a folder of recordings per word"
        )
    if not is_archive(archive):
        raise UserError(
            f"{archive}: not an archive that can be unpacked; expected {', '.join(ARCHIVE_SUFFIXES)}, or a "
            "folder: unpack it with the program that made it, such as 7z x FILE, and pass the folder"
        )
    try:
        folder = folder_for(archive.name, sha256 or sha256_file(archive), cache)
        if not folder.is_dir():
            with whole_folder(folder) as unfinished:
                _unpack(archive, unfinished)
                corpus_root(unfinished, str(archive), words)
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":")
        raise UserError(
            f"{archive}: damaged, not complete or not what its name says ({reason}); fetch or copy it again"
        ) from error
    except OSError as error:
        raise _for_user(archive, error) from error
    return corpus_root(folder, str(archive), words)


def _for_user(archive: Path, error: OSError) -> UserError:
    if error.errno == errno.ENOSPC:
        return UserError(f"{archive}: the disk is full; free some space in the cache folder and run again")
    # Damaged gzip data comes as an OSError without a number.
    reason = error.strerror or f"damaged ({error})"
    return UserError(f"{error.filename or archive}: cannot unpack {archive.name}: {reason}")


def _unpack(archive: Path, folder: Path) -> None:
    read_members = _zip_members if _is_zip(archive) else _tar_members
    archive_mb = max(1, archive.stat().st_size // _MB)
    total_bytes = shown_mb = 0
    with console.progress(f"unpacking {archive.name}, MB", archive_mb) as advance:
        for count, member in enumerate(read_members(archive), start=1):
            total_bytes += member.size_bytes
            _check_size(archive, folder, count, total_bytes, member.size_bytes)
            path = _safe_path(archive, member.name)
            if path is not None:
                _write(archive, member, folder / path)
            position_mb = min(archive_mb, member.position_bytes // _MB)
            if position_mb > shown_mb:
                advance(position_mb - shown_mb)
                shown_mb = position_mb


def _is_zip(archive: Path) -> bool:
    """What it is by its first bytes: browsers and people change the ends of names."""
    with archive.open("rb") as file:
        start = file.read(_TAR_MARK_BYTES + len(_TAR_MARK))
    is_tar = start.startswith(_PACKED_TARS) or start[_TAR_MARK_BYTES:] == _TAR_MARK
    return start.startswith(b"PK") or (archive.name.lower().endswith(".zip") and not is_tar)


def _check_size(archive: Path, folder: Path, count: int, total_bytes: int, size_bytes: int) -> None:
    """Refuse an archive whose declared sizes are too large, before anything of it is written."""
    if total_bytes > MAX_TOTAL_BYTES or count > MAX_MEMBERS:
        raise UserError(
            f"{archive}: unpacks to {count} members and {total_bytes / 1e9:.1f} GB or more; expected at most "
            f"{MAX_MEMBERS} and {MAX_TOTAL_BYTES / 1e9:.1f} GB. If it is right, unpack it by hand "
            "and pass the folder"
        )
    free_bytes = shutil.disk_usage(folder).free
    if size_bytes + _SPARE_DISK_BYTES > free_bytes:
        raise UserError(
            f"{archive}: no room to unpack it: the next file needs {size_bytes / _MB:.0f} MB and "
            f"{free_bytes / _MB:.0f} MB are free (100 MB stay spare); free some, or set EARSHOT_CACHE to "
            "a folder on another disk"
        )


def _safe_path(archive: Path, name: str) -> Path | None:
    """The member's name as a path below the folder; None for what is left out."""
    parts = [part for part in PurePosixPath(name).parts if part != "."]
    fault = None
    if name.startswith("/"):
        fault = "its name is absolute"
    elif re.match(r"[A-Za-z]:", name):
        fault = "its name has a drive letter"
    elif ".." in parts:
        fault = "its name leads out of the folder"
    elif "\\" in name or "\0" in name:
        fault = "its name has a backslash or zero character"
    if fault:
        raise _refusal(archive, name, fault)
    if not parts or is_litter(parts[-1]) or "__MACOSX" in parts:
        return None
    return Path(*parts)


def _refusal(archive: Path, name: str, fault: str) -> UserError:
    return UserError(
        f"{archive}: refused: member {name!r}: {fault}; expected only files and folders "
        "that stay below the folder unpacked to. Get the archive from a source you trust"
    )


def _write(archive: Path, member: _Member, path: Path) -> None:
    try:
        if member.content is None:
            path.mkdir(parents=True, exist_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:  # x: a second member of that name is a trick, not an update
            shutil.copyfileobj(member.content, file, _BLOCK_BYTES)
            written_bytes = file.tell()
    except (FileExistsError, NotADirectoryError) as error:
        raise _refusal(archive, member.name, "an earlier member has this name or part of it") from error
    if written_bytes != member.size_bytes:
        raise EOFError(f"{member.name} has {written_bytes} of {member.size_bytes} bytes")


def _tar_members(archive: Path) -> Iterator[_Member]:
    with archive.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:*") as tar:
        for info in tar:
            if not (info.isreg() or info.isdir()):
                kind = "link" if info.issym() or info.islnk() else "device or other special file"
                raise _refusal(archive, info.name, f"it is a {kind}")
            content = tar.extractfile(info) if info.isreg() else None
            yield _Member(info.name, info.size if content else 0, raw.tell(), content)
            tar.members.clear()  # type: ignore[attr-defined]  # else 105,000 headers stay in memory
        # tarfile stops in silence at a broken header; a whole archive stops at a block of zeros.
        packed = cast(IO[bytes], tar.fileobj)
        packed.seek(tar.offset)
        if packed.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise EOFError("it ends without an end mark")
        # The checksum of gzip and xz comes at the very end, past where tar stops reading.
        while packed.read(_BLOCK_BYTES):
            pass


def _zip_members(archive: Path) -> Iterator[_Member]:
    position_bytes = 0
    with zipfile.ZipFile(archive) as package:
        for info in package.infolist():
            position_bytes += info.compress_size
            name = _zip_name(info)
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refusal(archive, name, "it is a link, device or other special file")
            if info.flag_bits & 1:
                raise _refusal(archive, name, "it is encrypted")
            if name.endswith("/"):
                yield _Member(name, 0, position_bytes, None)
                continue
            try:
                content = package.open(info)
            except NotImplementedError as error:
                raise _refusal(archive, name, f"cannot be read ({error})") from error
            with content:
                yield _Member(name, info.file_size, position_bytes, content)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """A member's name as it was meant.

    Programs for Windows write backslashes between folders. Names that do not say that they are UTF-8 are
    read as code page 437; those from macOS and Linux are UTF-8 all the same.
    """
    name = info.orig_filename
    if not info.flag_bits & _ZIP_UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")
