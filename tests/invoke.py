"""Commands called in this process, as ``earshot`` calls them."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from train.commands import train
from train.core.command_line import CommandModule, call, parser_of

PROG = "earshot command"


def invoke(module: CommandModule, arguments: Sequence[object]) -> None:
    """Run a command on its arguments."""
    call(module, PROG, [str(argument) for argument in arguments])


def parser(module: CommandModule) -> ArgumentParser:
    """The flags of a command."""
    return parser_of(module, PROG)


def training_flags(arguments: Sequence[object]) -> Namespace:
    """What the main job makes of its flags."""
    return parser(train).parse_args([str(argument) for argument in arguments])
