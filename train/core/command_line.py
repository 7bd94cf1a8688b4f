"""Commands as a table: what there is, what --help shows of it, and which module does it.

A command is a module with ``add_flags(parser)`` and ``run(flags)``. It is imported when it is called, so
that --help and mistakes need not wait for what the others need.

--help is for those who begin, --help-all for the others: text that is ``rare`` is in the second alone.
"""

import argparse
import copy
import importlib
import re
import shlex
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol, cast

from train.core.errors import UserError, count_of, meant, suggestion
from train.core.installation import earshot_version
from train.core.pretrained.models import own_run, run_of

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


class _Text(str):
    """A text of which --help shows only ``brief``; None: nothing."""

    brief: str | None = None


def rare(text: str) -> str:
    """A text that only --help-all shows.

    The help of a flag, which is left out with it; the title of a group, likewise; or an epilog.
    """
    return _Text(text)


def more(text: str, rest: str) -> str:
    """A text that goes on only in --help-all."""
    whole = _Text(text + rest)
    whole.brief = text
    return whole


def _brief(text: str | None) -> str | None:
    return text.brief if isinstance(text, _Text) else text


def _is_rare(text: str | None) -> bool:
    return text is not None and _brief(text) is None


# What argparse says, and what is said instead. The first group is the flag.
_MISTAKES = (
    (r"argument (\S+): invalid int value: (.*)", r"\1 \2: expected a whole number"),
    (r"argument (\S+): invalid float value: (.*)", r"\1 \2: expected a number"),
    (r"argument (\S+): invalid (.*) value: (.*)", r"\1 \3: expected \2"),
    (r"argument (\S+): ignored explicit argument (.*)", r"\1: takes no value, found \2"),
    (r"argument (\S+): (.* names nothing.*)", r"\1 \2"),
    (r"argument (\S+): expected .*", r"\1: expected a value behind it"),
    (r"argument (\S+): not allowed with argument (\S+)", r"\1 and \2 exclude each other"),
    (r"one of the arguments (.*) is required", r"one of \1 is missing"),
    (r"the following arguments are required: (.*), (\S+)", r"\1 and \2 are missing"),
    (r"the following arguments are required: (.*)", r"\1 is missing"),
    (r"unrecognized arguments: (.*)", r"\1: expected a flag before it"),
    (r"argument (.*)", r"\1"),
)


class Parser(argparse.ArgumentParser):
    """The flags of a command. A mistake is one line; help has two lengths."""

    def __init__(self, prog: str, description: str = "") -> None:
        # A flag may not be shortened, which would mean another when one is added.
        super().__init__(
            prog=prog,
            description=description,
            allow_abbrev=False,
            add_help=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._positionals.title, self._optionals.title = "arguments", "flags"
        self.add_argument("-h", "--help", action=_ShowHelp, const=False)
        self.add_argument("--help-all", action=_ShowHelp, const=True)

    def error(self, message: str) -> NoReturn:
        """Raise a UserError."""
        for pattern, plain in _MISTAKES:
            if re.fullmatch(pattern, message, re.DOTALL):
                message = re.sub(pattern, plain, message, flags=re.DOTALL)
                break
        end = " " if message.endswith("?") else "; "
        raise UserError(f"{self.prog}: {message}{end}{self.prog} --help says more")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but flags that there are not come before what is missing."""
        arguments = list(sys.argv[1:] if args is None else args)
        for argument in arguments[: arguments.index("--") if "--" in arguments else None]:
            self._check_flag(argument.partition("=")[0])
        return super().parse_known_args(arguments, namespace)

    def _check_flag(self, flag: str) -> None:
        if not re.fullmatch(r"--?[^\W\d][\w-]*", flag):
            return
        known = [option for option in self._option_string_actions if option.startswith("--")]
        if flag in self._option_string_actions or (
            self.allow_abbrev and any(option.startswith(flag) for option in known)
        ):
            return
        hint = meant(flag, known)
        raise UserError(
            f"{self.prog}: there is no {flag}; {f'{hint} ' if hint else ''}{self.prog} --help-all lists all"
        )

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """As argparse does, but no text or path may be empty, as of a variable that a script did not set."""
        is_text = action.type in (None, str, Path) and action.choices is None
        if is_text and not arg_string.strip() and arg_string != action.default:
            expected = f"; expected {action.metavar}" if action.option_strings and action.metavar else ""
            raise argparse.ArgumentError(action, f"{arg_string!r} names nothing{expected}")
        return super()._get_value(action, arg_string)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            name = "/".join(action.option_strings) or action.metavar or action.dest
            self.error(f"{name} {value} is not known; {suggestion(str(value), list(action.choices))}")

    def format_help(self) -> str:
        """The whole of it."""
        return self.help_text(whole=True)

    def help_text(self, whole: bool) -> str:
        """What --help-all shows, or --help."""
        formatter = self._get_formatter()
        hidden = 0
        for group in self._action_groups:
            actions = [action for action in group._group_actions if action.help != argparse.SUPPRESS]
            if not whole:
                is_rare = _is_rare(group.title)
                shown = [] if is_rare else [action for action in actions if not _is_rare(action.help)]
                hidden += len(actions) - len(shown)
                actions = list(map(_with_brief_help, shown))
            formatter.start_section(group.title)
            formatter.add_text(group.description)
            formatter.add_arguments(actions)
            formatter.end_section()
        texts = [self._usage(formatter), textwrap.fill(self.description or "", _width(formatter))]
        texts += [formatter.format_help(), (self.epilog if whole else _brief(self.epilog)) or ""]
        if hidden:
            texts.append(f"{self.prog} --help-all shows {count_of(hidden, 'flag')} more")
        return "\n\n".join(text.strip("\n") for text in texts if text.strip()) + "\n"

    def _usage(self, formatter: argparse.HelpFormatter) -> str:
        """What has to be there."""
        choices = [group for group in self._mutually_exclusive_groups if group.required]
        needed = [action for action in self._actions if action.required or not action.option_strings]
        needed += [action for group in choices for action in group._group_actions]
        usage = self._get_formatter()
        usage.add_usage(self.usage, needed, choices)
        text = " ".join(usage.format_help().split())
        if self.usage is None and len(needed) < len(self._actions) - 2:  # but for those that show help
            text += " [FLAG ...]"
        return textwrap.fill(text, _width(formatter), subsequent_indent=" " * 7, break_on_hyphens=False)


class _ShowHelp(argparse.Action):
    """--help, and --help-all, whose constant is true."""

    def __init__(self, option_strings: Sequence[str], dest: str, const: bool) -> None:
        super().__init__(
            option_strings,
            argparse.SUPPRESS,
            nargs=0,
            const=const,
            default=argparse.SUPPRESS,
            help=argparse.SUPPRESS,
        )

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        assert isinstance(parser, Parser)
        print(parser.help_text(self.const), end="", flush=True)
        parser.exit()


def _with_brief_help(action: argparse.Action) -> argparse.Action:
    brief = copy.copy(action)
    brief.help = _brief(action.help)
    return brief


def _width(formatter: argparse.HelpFormatter) -> int:
    return formatter._width  # of the terminal


def parser_of(module: CommandModule, prog: str, description: str = "") -> Parser:
    """The flags of a command."""
    parser = Parser(prog, description)
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


def add_run_argument(parser: argparse.ArgumentParser, changes: bool = False) -> None:
    """The run folder that a command is about, or a model that ships unless the command changes it."""
    kind, shipped = (own_run, "") if changes else (run_of, ", or a name of earshot models")
    parser.add_argument("run", metavar="RUN", type=kind, help=f"run folder, such as out/yes_no{shipped}")


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
    if first in ("-h", "--help", "--help-all"):
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
        f"{prog} COMMAND --help says more; {prog} --version tells the version",
    ]
    return "\n".join(lines) + "\n"
