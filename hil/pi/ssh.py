"""A computer reached with the OpenSSH client: files there, a program there, nothing left behind."""

import io
import re
import shlex
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hil.pi.bundle import Ended, TimerError, run
from train.core.errors import UserError

_FAILED = 255  # ssh itself failed; any other exit code is that of the command
_NO_PYTHON, _NO_NUMPY, _NO_ROOM = 71, 72, 73  # ours
_CONNECT_S, _ALIVE_S, _ALIVE_COUNT = 10, 5, 3
COPY_S, _CLEAN_S = 120.0, 20.0
_FOLDER = re.compile(r"/\S*earshot\.\w+")

# What ssh says, and what to do. The first that fits.
_ADVICE = (
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", "its host key is not the one of earlier; if it was installed "
     "anew, forget the old key: ssh-keygen -R {name}"),
    ("Host key verification failed", "its host key is not known here; log in once by hand and accept it: "
     "ssh {login}"),
    ("Permission denied", "it accepts no key of yours; copy one there: ssh-copy-id {login}"),
    ("Could not resolve hostname", "there is no such name in the network; is it on, and connected? Its IP "
     "address would do, too"),
    ("Connection refused", "it is there, but no ssh server answers; on a Pi: sudo raspi-config, Interface "
     "Options, SSH"),
    ("timed out", "it does not answer; is it on, and in this network?"),
    ("No route to host", "it does not answer; is it on, and in this network?"),
    ("unreachable", "it does not answer; is it on, and in this network?"),
    ("Bad configuration option", "the file of --ssh-config is not one of ssh's"),
    ("Can't open user config file", "the file of --ssh-config cannot be read"),
)  # fmt: skip


# ssh may hand it to a shell, for the ProxyCommand of somebody's configuration. % is of IPv6 zones.
_LOGIN = re.compile(r"([\w.+][\w.+@-]*@)?[\w.:\[][\w.:%\[\]-]*")


class SshError(UserError):
    """The other computer was not reached, or was lost."""

    exit_code = 3


class RemoteError(UserError):
    """The other computer lacks something."""

    exit_code = 4


@dataclass(frozen=True)
class Host:
    """Where to log in.

    Attributes:
        login: ``user@name``, or a name of ~/.ssh/config.
        port: None for ssh's own choice.
        config: a file to use in place of ~/.ssh/config.
    """

    login: str
    port: int | None = None
    config: Path | None = None

    def __post_init__(self) -> None:
        if not _LOGIN.fullmatch(self.login):
            raise UserError(f"--host {self.login!r}: expected user@name, such as pi@raspberrypi.local")

    @property
    def ssh(self) -> str:
        """The login command, as a user would type it."""
        return " ".join([*(["-p", str(self.port)] if self.port else []), self.login])

    def command(self, script: str) -> list[str]:
        """What runs a POSIX shell script there, whatever the login shell is."""
        program = shutil.which("ssh")
        if program is None:
            raise UserError(
                "ssh: not found; install it, on Debian or Ubuntu: sudo apt-get install openssh-client"
            )
        options = {
            "BatchMode": "yes",  # never ask: nobody is there to answer
            "ConnectTimeout": _CONNECT_S,
            "ServerAliveInterval": _ALIVE_S,
            "ServerAliveCountMax": _ALIVE_COUNT,
        }
        given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        if self.config is not None:
            given += ["-F", str(self.config.absolute())]
        if self.port is not None:
            given += ["-p", str(self.port)]
        return [program, *given, "--", self.login, f"sh -c {shlex.quote(script)}"]


def failure(host: Host, code: int, said: str) -> UserError:
    """The error for an ssh that ended with ``code``, other than one of the command itself."""
    name = host.login.rpartition("@")[2]
    if host.port is not None:
        name = f"'[{name}]:{host.port}'"  # as ssh keeps it
    for pattern, advice in _ADVICE:
        if pattern in said:
            return SshError(f"{host.login}: {advice.format(login=host.ssh, name=name)}")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = lines[-1] if lines else f"ssh ended with {code}"
    return SshError(f"{host.login}: the connection failed or was lost ({reason})")


def is_ssh_failure(code: int) -> bool:
    """Whether an exit code is that of ssh, or of its death by a signal, rather than of the command."""
    return code == _FAILED or code < 0


@contextmanager
def remote_folder(
    host: Host, files: dict[str, bytes], python: str, longest_s: float = COPY_S
) -> Iterator[str]:
    """A folder on the host with these files in it; it is gone afterwards.

    Args:
        python: the Python that will run there; it must have NumPy.
        longest_s: for the copying.
    Raises:
        SshError: the host is not reached.
        RemoteError: no Python, no NumPy, or no room for the files.
    """
    folder = _send(host, files, python, longest_s)
    try:
        yield folder
    finally:
        # The program's own shell removes it, too: this is for one that was never started.
        with suppress(TimerError):
            _run(host, f"rm -rf {shlex.quote(folder)}", b"", _CLEAN_S)


def run_command(host: Host, folder: str, arguments: list[str]) -> list[str]:
    """What runs a program in such a folder, and removes the folder however that ends."""
    where = shlex.quote(folder)
    script = (
        f"trap 'rm -rf {where}' EXIT; trap 'exit 1' HUP INT TERM PIPE; cd {where} && {shlex.join(arguments)}"
    )
    return host.command(script)


def _send(host: Host, files: dict[str, bytes], python: str, longest_s: float) -> str:
    run = shlex.quote(python)
    script = (
        f"command -v {run} >/dev/null || exit {_NO_PYTHON}; "
        f"{run} -c 'import numpy' </dev/null || exit {_NO_NUMPY}; "
        f'd=$(mktemp -d "${{TMPDIR:-/tmp}}/earshot.XXXXXX") || exit {_NO_ROOM}; '
        f'tar xf - -C "$d" || {{ rm -rf "$d"; exit {_NO_ROOM}; }}; '
        'echo "$d"'
    )
    try:
        done = _run(host, script, _tar(files), longest_s)
    except TimerError as error:
        raise SshError(f"{host.login}: {error}; is it in good health?") from error
    said = done.log
    if is_ssh_failure(done.code):
        raise failure(host, done.code, said)
    if done.code == _NO_PYTHON:
        raise RemoteError(
            f"{host.login}: there is no {python}; install it: sudo apt-get install python3, "
            "or name another with --python"
        )
    if done.code == _NO_NUMPY:
        raise RemoteError(
            f"{host.login}: {python} has no NumPy; install it: sudo apt-get install python3-numpy"
        )
    if done.code:
        # A file that only just does not fit is cut: of that, tar says how much it wrote, not why.
        is_full = any(pattern in said for pattern in ("No space left", "Wrote only", "quota exceeded"))
        lines = said.splitlines() or [f"exit code {done.code}"]
        reason = "the disk is full" if is_full else lines[0]
        size = sum(map(len, files.values()))
        raise RemoteError(
            f"{host.login}: {size:,} bytes could not be copied there ({reason}); make room in its /tmp"
        )
    folder = (done.output.splitlines() or [""])[-1]
    if not _FOLDER.fullmatch(folder):
        raise RemoteError(
            f"{host.login}: says {folder[:100]!r} where the name of a folder in its /tmp was expected; does "
            "its login run a program of its own?"
        )
    return folder


def _run(host: Host, script: str, content: bytes, longest_s: float) -> Ended:
    """A script there, with the content on its standard input."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return run(host.command(script), "the copying of files", longest_s, stdin=file)


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
