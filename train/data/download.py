"""Downloads that survive a cut line, and the official Speech Commands corpus."""

import contextlib
import errno
import http.client
import shutil
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

from train.core import console
from train.core.errors import UserError
from train.core.outputs import clear_unfinished
from train.core.runfolder import sha256_file, writing
from train.data import archive
from train.data.folders import corpus_root

# Speech Commands v0.02 (Warden 2018, arXiv 1804.03209), CC BY 4.0. The address is the default of
# TensorFlow's examples/speech_commands/train.py; size and SHA-256 are those of
# tensorflow_datasets, datasets/speech_commands/checksums.tsv.
OFFICIAL_NAME = "speech_commands_v0.02.tar.gz"
OFFICIAL_URL = f"https://storage.googleapis.com/download.tensorflow.org/data/{OFFICIAL_NAME}"
OFFICIAL_BYTES = 2_428_923_189
OFFICIAL_SHA256 = "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"

TIMEOUT_S = 30.0
BACKOFF_S = (1.0, 2.0, 4.0, 8.0)  # waits between tries that got nothing; then it is given up
_MB = 1_000_000
_BLOCK_BYTES = 1 << 18
_TEMPORARY_STATUS = (408, 429, 500, 502, 503, 504)


class _Cut(Exception):
    """The line failed in a way that may pass: worth another try."""


def official_corpus(cache: Path) -> Path | None:
    """Folder of the official corpus if it is downloaded and unpacked, else None."""
    folder = archive.folder_for(OFFICIAL_NAME, OFFICIAL_SHA256, cache)
    return corpus_root(folder) if folder.is_dir() else None


def download_official(cache: Path, url: str = OFFICIAL_URL) -> Path:
    """Folder of the official corpus, downloaded (2.4 GB) and unpacked unless it is there.

    The archive is removed once it is unpacked.

    Raises:
        UserError: no network, wrong file, no room.
    """
    packed = Path(cache) / "downloads" / OFFICIAL_NAME
    with writing(packed.parent, wait=True):
        clear_unfinished(Path(cache) / "corpora")
        if found := official_corpus(cache):  # another process was at it
            packed.unlink(missing_ok=True)  # of a process that was killed once it was unpacked
            return found
        download(url, packed, OFFICIAL_SHA256, OFFICIAL_BYTES)
        corpus = archive.extract(packed, cache, OFFICIAL_SHA256)
        packed.unlink()
    return corpus


def download(url: str, destination: Path, sha256: str, size_bytes: int | None = None) -> None:
    """Fetch a file that is known by its hash; go on where an earlier try was cut.

    What has come so far stays in ``<name>.part`` beside ``destination``. The hash decides
    in the end, so a resumed file needs no ETag to be trusted. A file with the wrong hash
    is removed: resuming it would never help.

    Args:
        url: http or https.
        destination: appears only when its SHA-256 is right.
        sha256: hex, of the whole file.
        size_bytes: of the whole file, when known; a server that offers another is refused at once.
    Raises:
        UserError: no network, refused by the server, another file, no room on the disk.
    """
    if not url.startswith(("https://", "http://")):
        raise UserError(f"{url}: cannot be downloaded; expected an address that starts with https://")
    destination = Path(destination)
    part = destination.with_name(destination.name + ".part")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        if destination.is_file():
            if sha256_file(destination) == sha256:
                return
            console.warn(f"{destination}: is not the file expected; downloading it again")
            destination.unlink()
        _fetch_with_retries(url, part, size_bytes)
        found = sha256_file(part)
        if found != sha256:
            part.unlink()
            raise UserError(
                f"{url}: what came has SHA-256 {found}, expected {sha256}; it was removed. "
                "Run again; if that does not help, the file on the server is another one"
            )
        part.replace(destination)
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise UserError(f"{error.filename or part}: cannot write the download: {reason}") from error


def _fetch_with_retries(url: str, part: Path, size_bytes: int | None) -> None:
    failures = 0
    while True:
        before_bytes = _size(part)
        try:
            _fetch(url, part, size_bytes)
            return
        except _Cut as cut:
            # A line that breaks now and then but brings something is not given up on.
            failures = 0 if _size(part) - before_bytes >= _MB else failures + 1
            if failures > len(BACKOFF_S):
                raise UserError(
                    f"{url}: {cut}; gave up after {failures} tries. {_size(part) / _MB:.0f} MB are kept: "
                    "run the same command again to go on from there"
                ) from cut
            console.warn(f"{cut}; trying again")
            time.sleep(BACKOFF_S[max(0, failures - 1)])


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _fetch(url: str, part: Path, size_bytes: int | None) -> None:
    """One try: append what is missing to ``part``.

    Raises:
        _Cut: the line failed; ``part`` holds what came.
        UserError: another try would not help.
    """
    have_bytes = _size(part)
    if size_bytes is not None and have_bytes >= size_bytes:
        return  # complete, or too long: the hash will tell
    try:
        response = _open(url, have_bytes)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have_bytes:  # nothing after what is there: complete, or not this file
            if error.headers.get("Content-Range") == f"bytes */{have_bytes}":
                return
            part.unlink()
            raise _Cut("the partial file does not fit the one on the server; starting over") from error
        if error.code in _TEMPORARY_STATUS:
            raise _Cut(f"the server says {error.code} {error.reason}") from error
        raise UserError(
            f"{url}: the server says {error.code} {error.reason}; check the address, or pass --data "
            "with a corpus you have"
        ) from error
    with contextlib.closing(response):
        if response.status != 206:  # the server ignores Range: it sends the file from its start
            have_bytes = 0
        length = response.headers.get("Content-Length")
        total_bytes = have_bytes + int(length) if length else size_bytes
        if size_bytes is not None and total_bytes != size_bytes:
            raise UserError(
                f"{url}: the server offers {total_bytes} bytes, expected {size_bytes}; "
                "is there a proxy or a login page in between?"
            )
        _check_room(part, (total_bytes or 0) - have_bytes)
        _append(response, part, have_bytes, total_bytes)


def _open(url: str, offset_bytes: int) -> http.client.HTTPResponse:
    # No compression: a range of a compressed file could not be put together again.
    headers = {"User-Agent": "earshot", "Accept-Encoding": "identity"}
    if offset_bytes:
        headers["Range"] = f"bytes={offset_bytes}-"
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S
        )
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(_network_fault(error)) from error
    expected = f"bytes {offset_bytes}-"
    if response.status == 206 and not response.headers.get("Content-Range", "").startswith(expected):
        response.close()
        raise UserError(f"{url}: the server sent another part of the file than asked; remove the .part file")
    return response


def _network_fault(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, socket.gaierror):
        return "the server's name cannot be looked up: is there a network?"
    if isinstance(reason, TimeoutError):
        return f"no answer from the server for {TIMEOUT_S:.0f} s"
    return f"no connection to the server ({reason or type(reason).__name__})"


def _check_room(part: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(part.parent).free
    if needed_bytes > free_bytes:
        raise UserError(
            f"{part.parent}: the download needs {needed_bytes / _MB:.0f} MB more and "
            f"{free_bytes / _MB:.0f} MB are free; free some, or set EARSHOT_CACHE to a folder on another disk"
        )


def _append(response: http.client.HTTPResponse, part: Path, have_bytes: int, total_bytes: int | None) -> None:
    """Write the response to ``part`` from ``have_bytes`` on, until it ends."""
    bar_mb = max(1, (total_bytes or 0) // _MB)
    with (
        part.open("ab" if have_bytes else "wb") as file,
        console.progress(f"downloading {part.name.removesuffix('.part')}, MB", bar_mb) as advance,
    ):
        shown_mb = have_bytes // _MB
        advance(shown_mb)
        while True:
            try:
                block = response.read(_BLOCK_BYTES)
            except (OSError, http.client.HTTPException) as error:
                raise _Cut(
                    f"cut after {have_bytes / _MB:.1f} MB ({error or type(error).__name__})"
                ) from error
            if not block:
                break
            file.write(block)
            have_bytes += len(block)
            if have_bytes // _MB > shown_mb:
                advance(have_bytes // _MB - shown_mb)
                shown_mb = have_bytes // _MB
            if total_bytes is not None and have_bytes > total_bytes:
                break  # the hash will refuse it
    if total_bytes is not None and have_bytes < total_bytes:
        raise _Cut(f"cut after {have_bytes / _MB:.1f} of {total_bytes / _MB:.1f} MB")
