"""The exceptions that users see as a sentence instead of a traceback."""

import shlex
from pathlib import Path


class UserError(Exception):
    """A mistake that the user can mend.

    The message says where, what was found, what was expected and what to do.
    Only ``console.run``, around every package's ``__main__``, catches it, prints it and exits
    with ``exit_code``; a bug's exception keeps its traceback.
    """

    exit_code = 2


class Interrupted(UserError):
    """Ctrl-C where work was saved; the message says how to go on."""

    exit_code = 130  # 128 + SIGINT, as a shell would report it


def typed(path: Path) -> str:
    """A path as it is typed in a shell, for commands that messages propose."""
    name = str(path)
    return shlex.quote(f"./{name}" if name.startswith("-") else name)
