"""Unpacks corpora, safely, and whole or not at all.

Archives are untrusted. Members are written one by one, by this module's own code, as new
files in a new folder that holds no link; the first member that is not a plain file or
folder with a plain relative name refuses the whole archive.
"""

import errno
import lzma
import re
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from train.core import console
from train.core.errors import UserError
from train.core.files.plain import first_line, open_plain
from train.core.files.zips import DAMAGE, TooMuch, check_inflation
from train.core.layout import ARCHIVE_SUFFIXES, SOUND_SUFFIXES, is_litter
from train.core.outputs import whole_folder
from train.core.runfolder import sha256_file
from train.data.archive.member import Member, refusal
from train.data.archive.streams import PACKED_TARS
from train.data.archive.tar_members import tar_members
from train.data.archive.zip_members import zip_members
from train.data.folders import corpus_root

MAX_TOTAL_BYTES = 20 * 2**30  # the official corpus unpacks to about 4 GB
MAX_MEMBERS = 1_000_000  # the official corpus has 105,000
_MB = 1_000_000
_BLOCK_BYTES = 1 << 20
_SPARE_DISK_BYTES = 100 * _MB

_MOST_FOLDERS = 32  # that a member lies in
_LONGEST_NAME = 4000  # characters; systems stop there, too

_TAR_MARK, _TAR_MARK_BYTES = b"ustar", 257

_DAMAGE = (tarfile.TarError, lzma.LZMAError, *DAMAGE)


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
    except TooMuch as error:
        raise UserError(
            f"{archive}: {error}. If it is right, unpack it by hand and pass the folder"
        ) from error
    except _DAMAGE as error:
        reason = first_line(error).rstrip(":")
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
    members = zip_members(archive, MAX_MEMBERS) if _is_zip(archive) else tar_members(archive)
    archive_mb = max(1, archive.stat().st_size // _MB)
    total_bytes = shown_mb = 0
    with console.progress(f"unpacking {archive.name}, MB", archive_mb) as advance:
        for count, member in enumerate(members, start=1):
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
    with open_plain(archive) as file:
        start = file.read(_TAR_MARK_BYTES + len(_TAR_MARK))
    is_tar = start.startswith(PACKED_TARS) or start[_TAR_MARK_BYTES:] == _TAR_MARK
    return start.startswith(b"PK") or (archive.name.lower().endswith(".zip") and not is_tar)


def _check_size(archive: Path, folder: Path, count: int, total_bytes: int, size_bytes: int) -> None:
    """Refuse an archive whose declared sizes are too large, before anything of it is written."""
    if total_bytes > MAX_TOTAL_BYTES or count > MAX_MEMBERS:
        raise UserError(
            f"{archive}: unpacks to {count} members and {total_bytes / 1e9:.1f} GB or more; expected at most "
            f"{MAX_MEMBERS} and {MAX_TOTAL_BYTES / 1e9:.1f} GB. If it is right, unpack it by hand "
            "and pass the folder"
        )
    check_inflation(total_bytes, archive.stat().st_size)
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
    elif len(name) > _LONGEST_NAME or len(parts) > _MOST_FOLDERS:
        fault = f"its name has {len(name):,} characters and {len(parts):,} parts"
    if fault:
        raise refusal(archive, name, fault)
    if not parts or is_litter(parts[-1]) or "__MACOSX" in parts:
        return None
    return Path(*parts)


def _write(archive: Path, member: Member, path: Path) -> None:
    try:
        if member.content is None:
            path.mkdir(parents=True, exist_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:  # x: a second member of that name is a trick, not an update
            shutil.copyfileobj(member.content, file, _BLOCK_BYTES)
            written_bytes = file.tell()
    except (FileExistsError, NotADirectoryError) as error:
        raise refusal(archive, member.name, "an earlier member has this name or part of it") from error
    if written_bytes != member.size_bytes:
        raise EOFError(f"{member.name} has {written_bytes} of {member.size_bytes} bytes")
