"""Commands as a table: what there is, what --help shows of it, and which module does it.

A command is a module with ``add_flags(parser)`` and ``run(flags)``. It is imported when it is called, so
that --help and mistakes need not wait for what the others need.
"""

import argparse
import importlib
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from train.core.errors import UserError, suggestion
from train.core.installation import earshot_version

Table = Mapping[str, Sequence["Command"]]  # commands by the heading that --help shows above them


class CommandModule(Protocol):
    """What a module has to have."""

    def add_flags(self, parser: argparse.ArgumentParser, /) -> None:
        """Tell the parser what there is to say, and in ``description`` what the command does."""

    def run(self, flags: argparse.Namespace, /) -> None:
        """Do it."""


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        help: one line.
        module: its full name.
    """

    name: str
    help: str
    module: str

    def load(self) -> CommandModule:
        """The module, imported."""
        return cast(CommandModule, importlib.import_module(self.module))


def parser_of(module: CommandModule, prog: str, description: str = "") -> argparse.ArgumentParser:
    """The flags of a command; a flag may not be shortened, which would mean another when one is added."""
    parser = argparse.ArgumentParser(prog=prog, description=description, allow_abbrev=False)
    module.add_flags(parser)
    return parser


def call(module: CommandModule, prog: str, arguments: Sequence[str], description: str = "") -> None:
    """Run a command on its arguments.

    Its flags have ``given``, those that were written, as they were, and ``command_line``, the whole.
    """
    flags = parser_of(module, prog, description).parse_args(arguments)
    flags.command_line = shlex.join([*prog.split(), *arguments])
    flags.given = tuple(argument for argument in arguments if argument.startswith("--"))
    module.run(flags)


def add_run_argument(parser: argparse.ArgumentParser) -> None:
    """The run folder that a command is about."""
    parser.add_argument("run", metavar="RUN", type=Path, help="run folder, such as out/yes_no")


def dispatch(prog: str, table: Table, arguments: Sequence[str], about: str) -> None:
    """Call the command that the first argument names, or show what there is.

    Raises:
        UserError: there is no such command.
        SystemExit: no command was named.
    """
    if not arguments:
        print(overview(prog, table, about), end="", file=sys.stderr)
        sys.exit(UserError.exit_code)
    first, rest = arguments[0], arguments[1:]
    if first in ("-h", "--help"):
        print(overview(prog, table, about), end="")
        return
    if first == "--version":
        print(f"earshot {earshot_version()}")
        return
    known = {command.name: command for commands in table.values() for command in commands}
    if first.startswith("-"):
        example = f"{prog} {next(iter(known))} {first}"
        raise UserError(f"{prog} {first}: expected a command first, such as: {example}")
    if first not in known:
        raise UserError(
            f"{prog} {first}: there is no such command; {suggestion(first, known)} ({prog} --help lists them)"
        )
    command = known[first]
    call(command.load(), f"{prog} {command.name}", rest, command.help)


def overview(prog: str, table: Table, about: str) -> str:
    """What --help shows: the commands under their headings."""
    width = max(len(command.name) for commands in table.values() for command in commands)
    lines = [f"usage: {prog} COMMAND ...", "", about]
    for heading, commands in table.items():
        lines += ["", f"{heading}:"]
        lines += [f"  {command.name:{width}}  {command.help}" for command in commands]
    lines += [
        "",
        f"{prog} COMMAND --help lists the flags of one; {prog} --version tells the version",
    ]
    return "\n".join(lines) + "\n"
