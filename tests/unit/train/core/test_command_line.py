"""What commands say of their flags, and of mistakes in them."""

import argparse
from pathlib import Path

import pytest

from train.__main__ import EVERYTHING
from train.core.command_line import Parser, dispatch, more, overview, parser_of, rare
from train.core.errors import UserError

COMMANDS = [command for commands in EVERYTHING.values() for command in commands]
_MOST_LINES, _MOST_COLUMNS = 40, 80


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", str(_MOST_COLUMNS))


@pytest.fixture
def parser() -> Parser:
    """Flags of every kind."""
    parser = Parser("tool", "Does it.")
    parser.add_argument("run", metavar="RUN", help="the run")
    parser.add_argument("--training-steps", type=int, default=5, help="how many (%(default)s)")
    parser.add_argument("--average-steps", type=float, help=rare("of weights"))
    parser.add_argument("--preset", choices=("original", "best"), help=more("a name", ", of two"))
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to")
    parser.add_argument_group(rare("signals")).add_argument("--rate", help="of samples")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--local", action="store_true")
    way.add_argument("--host")
    parser.epilog = rare("exit codes: 0")
    return parser


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--arcitecture"], "tool: there is no --arcitecture; tool --help-all lists all"),
        (["r", "--prest", "best"], "tool: there is no --prest; did you mean --preset?"),
        (["--prest=best"], "tool: there is no --prest; did you mean --preset? tool --help-all lists all"),
        (["--steps", "5"], "tool: there is no --steps; did you mean --training-steps or --average-steps? "),
        (["--training_steps", "5"], "did you mean --training-steps?"),
        (["-preset", "best"], "tool: there is no -preset; did you mean --preset?"),
        (["r", "--preset", "bets"], "tool: --preset bets is not known; did you mean best?"),
        (["r", "--preset", "x"], "tool: --preset x is not known; known: original, best"),
        (["r", "--training-steps", "ten"], "tool: --training-steps 'ten': expected a whole number; "),
        (["r", "--average-steps", ""], "tool: --average-steps '': expected a number; "),
        (["r", "--rate", ""], "tool: --rate '' names nothing; tool --help says more"),
        (["r", "--out= "], "tool: --out ' ' names nothing; expected FOLDER; tool --help says more"),
        ([" "], "tool: RUN ' ' names nothing; tool --help says more"),
        (["r", "--preset"], "tool: --preset: expected a value behind it; "),
        (["r", "--clean=1"], "tool: --clean: takes no value, found '1'; "),
        (["r", "--local", "--host", "a"], "tool: --host and --local exclude each other; "),
        (["r", "b", "c"], "tool: b c: expected a flag before it; tool --help says more"),
        ([], "tool: RUN is missing; tool --help says more"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_helps(parser, flags, message):
    with pytest.raises(UserError) as caught:
        parser.parse_args(flags)
    said = str(caught.value)
    assert message in said
    assert "\n" not in said


def test_values_may_look_like_flags_where_argparse_takes_them(parser):
    flags = parser.parse_args(["--rate=--odd", "--training-steps", "-3", "--", "--run"])
    assert (flags.rate, flags.training_steps, flags.run) == ("--odd", -3, "--run")


def shown(parser: argparse.ArgumentParser, flag: str, capsys) -> str:
    with pytest.raises(SystemExit) as caught:
        parser.parse_args([flag])
    assert caught.value.code == 0
    return capsys.readouterr().out


def test_help_has_two_lengths(parser, capsys):
    brief, whole = (shown(parser, flag, capsys) for flag in ("--help", "--help-all"))
    assert shown(parser, "-h", capsys) == brief
    assert brief.startswith("usage: tool RUN [FLAG ...]\n\nDoes it.\n\narguments:\n")
    assert brief.endswith("\n\ntool --help-all shows 2 flags more\n")
    assert "how many (5)" in brief
    for text in ("--average-steps", "signals", "--rate", "of two", "exit codes"):
        assert text not in brief
        assert text in whole
    assert "a name\n" in brief
    assert "a name, of two\n" in whole
    assert "shows" not in whole


@pytest.mark.parametrize("command", COMMANDS, ids=[command.name for command in COMMANDS])
def test_help_of_every_command_is_a_screen(command):
    parser = parser_of(command.load(), f"earshot {command.name}", command.help)
    brief = parser.help_text(whole=False).splitlines()
    assert len(brief) <= _MOST_LINES
    assert max(map(len, brief)) <= _MOST_COLUMNS


def test_the_list_of_commands_fits(capsys):
    text = overview("earshot", EVERYTHING, "From words to firmware: earshot train --words yes,no")
    assert max(map(len, text.splitlines())) <= _MOST_COLUMNS
    for flag in ("-h", "--help", "--help-all"):
        dispatch("earshot", EVERYTHING, [flag], "about")
        assert "earshot COMMAND --help says more" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], r"trian: there is no such command; did you mean train\? \(earshot --help"),
        (["evalute", "out/a"], r"did you mean evaluate\?"),
        (["--words", "yes"], "expected a command first, such as: earshot train --words"),
        (["train", "--arcitecture", "conv"], r"there is no --arcitecture; did you mean --architecture\?"),
        (["explore", "--data", "x", "--baseline"], r"did you mean --baselines\?"),
        (["test", "--split", "tetsing"], r"test: --split tetsing is not known; did you mean testing\?"),
    ],
)  # fmt: skip
def test_mistakes_in_commands(arguments, message):
    with pytest.raises(UserError, match=message):
        dispatch("earshot", EVERYTHING, arguments, "about")
