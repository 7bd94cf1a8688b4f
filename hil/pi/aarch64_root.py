"""A folder that is the root of an AArch64 Debian with Python and NumPy, for programs under emulation.

apt, as this computer is set up, says where packages are; its own state and what is installed here stay
untouched, and nothing needs an administrator: packages are unpacked, not installed.
"""

import shutil
import tempfile
from pathlib import Path
from subprocess import TimeoutExpired

from train.core.console import log, progress
from train.core.errors import UserError
from train.core.installation import cache_root
from train.core.outputs import whole_folder
from train.core.processes import children

COMMAND = "earshot pi-root"  # what makes one
PYTHON = "usr/bin/python3"
NAME = "aarch64-root"
# apt adds what they need: 47 packages of Debian 12, 22 MB, 111 MB unpacked.
_PACKAGES = ("python3-numpy", "libstdc++6")  # the second for whatever pip may put in, such as TensorFlow
_MOST_S = 900.0


class RootError(UserError):
    """There is no root to run in."""

    exit_code = 4


def default_root() -> Path:
    """Where ``make_root`` puts it unless told otherwise."""
    return cache_root() / NAME


def require_root(folder: Path) -> Path:
    """The folder, after a look whether it has a Python.

    Raises:
        RootError: it has none.
    """
    if not (folder / PYTHON).exists():
        what = f"has no {PYTHON}" if folder.is_dir() else "there is no such folder"
        raise RootError(
            f"{folder}: {what}; expected the root of an AArch64 Linux with Python and NumPy. "
            f"Make one with: {COMMAND}; or name one with --root FOLDER"
        )
    return folder


def library_folders(folder: Path) -> list[str]:
    """Folders with libraries as a program inside names them, which only an installation would register."""
    found = {path.parent for path in folder.glob("usr/lib/*/*/lib*.so.3")}
    return sorted(f"/{path.relative_to(folder)}" for path in found)


def make_root(folder: Path) -> None:
    """Fetch and unpack; the folder is there whole or not at all.

    Raises:
        UserError: it exists; no apt; apt or the disk says no.
    """
    if folder.exists():
        raise UserError(f"{folder}: exists; remove it to make it again, or choose another with --out FOLDER")
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise UserError(
                f"{program}: not found, so no root can be made here; unpack an image of Raspberry Pi OS or "
                "another AArch64 Linux with python3-numpy; then: hil pi RUN --emulate --root FOLDER"
            )
    with tempfile.TemporaryDirectory() as private, whole_folder(folder) as unpacked:
        packages = _download(Path(private))
        with progress("unpack", len(packages)) as advance:
            for package in packages:
                _run(["dpkg-deb", "--extract", str(package), str(unpacked)])
                advance(note=package.name.partition("_")[0])
        require_root(unpacked)


def _download(private: Path) -> list[Path]:
    """The packages, in a folder where apt finds nothing installed."""
    archives = private / "cache" / "archives"
    for place in (private / "state" / "lists" / "partial", archives / "partial"):
        place.mkdir(parents=True)
    (private / "status").touch()
    options = {
        "Dir::State": private / "state",
        "Dir::State::status": private / "status",
        "Dir::Cache": private / "cache",
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "",  # another user could not write here
        "Acquire::Languages": "none",  # no descriptions
        "APT::Install-Recommends": "false",
    }
    apt = ["apt-get", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    log("apt: lists of AArch64 packages")
    said = _run([*apt, "update"])
    if not list((private / "state" / "lists").glob("*Packages*")):  # apt only warns of what it cannot fetch
        raise RootError(_unavailable("apt-get", said))
    log(f"apt: {', '.join(_PACKAGES)} and what they need")
    _run([*apt, "install", "--download-only", "--yes", *_PACKAGES])
    return sorted(archives.glob("*.deb"))


def _run(command: list[str]) -> str:
    """What it wrote as warnings and errors."""
    try:
        done = children.run(command, timeout_s=_MOST_S)
    except TimeoutExpired as error:
        raise RootError(f"{command[0]}: did not end within {_MOST_S:.0f} s; is the network slow?") from error
    if done.returncode:
        raise RootError(_unavailable(command[0], done.stderr or f"exit code {done.returncode}"))
    return done.stderr


def _unavailable(program: str, said: str) -> str:
    """One line: the first error, else the first line, else nothing but the advice."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("E:") or "error:" in line]
    reason = [*errors, *lines, "no package lists"][0]
    return (
        f"{program}: {reason}; a root needs AArch64 packages from the package sources of this computer, and "
        "150 MB of disk; or name another root: hil pi RUN --emulate --root FOLDER"
    )
