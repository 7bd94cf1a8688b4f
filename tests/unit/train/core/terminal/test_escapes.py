"""Text of others: what of it a terminal, a table, a bar, a traceback and a page show."""

import io
import os
import subprocess
import sys

import pytest
from places import ROOT
from rich.table import Table

from train.core import console
from train.core.errors import UserError
from train.core.terminal.escapes import line, printable, readable
from train.report import page

COMMANDS = ("\x1b[31m", "\r", "\x9b", "\x07", "\x7f", "\u202e", "\u2066", "\u2028", os.fsdecode(b"\xff"))
HOSTILE = f"a{''.join(COMMANDS)}\nforged: line [red]b[/red] :smile:"
SEEN = "a\\x1b[31m\\r\\x9b\\x07\\x7f\\u202e\\u2066\\u2028\\xff"
REST = "forged: line [red]b[/red] :smile:"


def test_three_kinds():
    assert readable(f"{HOSTILE}\t") == f"{SEEN}\n{REST}\t"
    assert line(f"{HOSTILE}\t") == f"{SEEN}\\n{REST}\t"
    assert printable(f"{HOSTILE}\t") == f"{SEEN}\\n{REST}\\t"


def test_a_line_stays_one(capsys):
    console.say(HOSTILE)
    console.log(HOSTILE, HOSTILE)
    console.warn(HOSTILE)
    said = capsys.readouterr()
    one = f"{SEEN}\\n{REST}\n"
    assert (said.out, said.err) == (one, f"{one}{one}warning: {one}")


def test_a_mistake_is_one_line_and_what_belongs_below_it(capsys):
    def fail() -> None:
        raise UserError(f"{HOSTILE}: no", f"gcc: {HOSTILE}")

    with pytest.raises(SystemExit):
        console.run(fail)
    assert capsys.readouterr().err == f"error: {SEEN}\\n{REST}: no\ngcc: {SEEN}\n{REST}\n"


def test_tables(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    table = Table(title=HOSTILE)
    table.add_column(HOSTILE)
    table.add_row(HOSTILE)
    console.show(table)
    said = capsys.readouterr().out
    assert said.count(SEEN) == 3
    assert said.count(REST) == 3
    assert not any(command in said for command in COMMANDS)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bars(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(console._stderr, "_width", 400)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    with console.progress(HOSTILE, 2) as advance:
        advance(1, HOSTILE)
    said = terminal.getvalue()
    assert said.count(f"{SEEN}\\n{REST}") >= 2
    # What stays are the sequences of the bar itself, which end in none of these.
    assert not any(command in said for command in ("a\x1b[31m", "\x9b", "\x07", "\x7f", "\u202e", "\u2028"))


def test_a_bug_s_traceback():
    code = f"from train.core import console\ndef main(): raise ValueError({HOSTILE!r})\nconsole.run(main)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert f"ValueError: {SEEN}\n{REST}\n" in done.stderr


def test_pages():
    template = page.template("skipped_files.html.j2").environment.from_string(
        '<p title="{{ name }}">{{ name }}</p><script>{{ name | tojson }}</script>'
    )
    text = template.render(name=f'{HOSTILE}"</script><b>')
    assert not any(command in text for command in COMMANDS)
    assert "<b>" not in text
    assert text.count("</script>") == 1
