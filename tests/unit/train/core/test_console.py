"""What commands say and how they end; and what C++ libraries may say."""

import ast
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT
from rich.table import Table

from train.core import console
from train.core.errors import Interrupted, UserError, typed
from train.core.native import captured_stderr, quiet_stderr


def test_log_and_warn_go_to_stderr(capsys):
    console.log("a [bold]line[/bold] of out/yes_no[1]")
    console.warn("mind this")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "a [bold]line[/bold] of out/yes_no[1]\nwarning: mind this\n"


def test_long_lines_are_not_broken(capsys):
    console.log("x" * 500)
    assert capsys.readouterr().err == "x" * 500 + "\n"


def end_of(main) -> int:
    with pytest.raises(SystemExit) as caught:
        console.run(main)
    return caught.value.code


def raiser(error: BaseException):
    def main() -> None:
        raise error

    return main


def test_run_of_a_command_that_succeeds():
    done = []
    console.run(lambda: done.append(1))
    assert done == [1]


def test_a_file_where_a_folder_was_to_be(tmp_path, capsys):
    (tmp_path / "mine").touch()
    assert end_of((tmp_path / "mine").mkdir) == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path}/mine: is there already and is no folder; choose another place\n"
    )


def test_a_user_s_mistake_is_a_sentence_and_exit_code_2(capsys):
    assert end_of(raiser(UserError("a.wav: [stereo], expected mono"))) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "error: a.wav: [stereo], expected mono\n")


def test_interruptions_are_130_as_in_a_shell(capsys):
    assert end_of(raiser(Interrupted("go on with --resume out/a"))) == 130
    assert end_of(raiser(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "error: go on with --resume out/a\ninterrupted\n"


def test_a_bug_keeps_its_traceback(capsys):
    with pytest.raises(ZeroDivisionError):
        console.run(raiser(ZeroDivisionError()))
    assert capsys.readouterr().err == ""


def test_progress_in_a_log_file_says_little(capsys):
    with console.progress("features", 1000) as advance:
        for _ in range(1000):
            advance()
    assert capsys.readouterr().err == ""


def test_progress_in_a_log_file_says_how_far(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    with console.progress("training", 100) as advance:
        for _ in range(4):
            now[0] += 10.0
            advance(25, "loss 0.5")
    assert capsys.readouterr().err.splitlines() == [
        "training: 50 of 100, 20 s left  loss 0.5",
        "training: 100 of 100, 0 s left  loss 0.5",
    ]
    with console.progress("reading corpus", 1000) as advance:
        now[0] += 16.0
        advance()  # its pool had to begin
    assert capsys.readouterr().err == "reading corpus: 1 of 1000\n"


def test_output_that_nobody_reads_to_the_end():
    done = subprocess.run(
        ["bash", "-c", '"$0" -m train --help-all | true; echo ${PIPESTATUS[0]}', sys.executable],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout in ("141\n", "0\n"), done.stderr) == (True, "")


def test_native_messages_are_captured(capfd):
    with captured_stderr() as lines:
        os.write(2, b"one\n\n  two  \n")
        print("three", file=sys.__stderr__, flush=True)
        assert lines == []
    assert lines == ["one", "two", "three"]
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_quiet_unless_it_fails(capfd):
    with quiet_stderr():
        os.write(2, b"chatter\n")
    assert capfd.readouterr().err == ""

    def fail() -> None:
        with quiet_stderr():
            os.write(2, b"the reason\n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert capfd.readouterr().err == "the reason\n"


PATH = "out/größe – 開始 [bold]:smile:"
SEEN = {
    "ascii": b"out/gr\\xf6\\xdfe - \\u958b\\u59cb [bold]:smile:\n",
    "latin-1": b"out/gr\xf6\xdfe - \\u958b\\u59cb [bold]:smile:\n",
    "cp932": "out/gr\\xf6\\xdfe - 開始 [bold]:smile:\n".encode("cp932"),
    "utf-8": f"{PATH}\n".encode(),
}


@pytest.mark.parametrize("encoding", SEEN)
def test_a_terminal_that_lacks_characters(monkeypatch, encoding):
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding, write_through=True) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(sys, "stderr", stderr)

    def main() -> None:
        console.say(PATH)
        table = Table(title=PATH, title_justify="left")
        table.add_column(PATH)
        table.add_row(PATH)
        console.show(table)
        raise UserError(PATH)

    assert end_of(main) == 2
    assert stdout.buffer.getvalue().startswith(SEEN[encoding])
    assert stdout.buffer.getvalue().count(SEEN[encoding].strip()) == 4
    assert stderr.buffer.getvalue() == b"error: " + SEEN[encoding]
    assert "62.5\N{NO-BREAK SPACE}%".encode("cp932", "earshot.replace") == b"62.5 %"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\rb", "a\\rb"),
        ("a\x9bb\x00", "a\\x9bb\\x00"),
        ("a\u202eb\u2028", "a\\u202eb\\u2028"),
        (os.fsdecode(b"\xffx"), "\\xffx"),
        ("a\u200cb", "a\u200cb"),  # Persian has words with it
    ],
)
def test_what_would_command_the_terminal_is_shown(capsys, text, seen):
    console.say(text)
    console.log(text)
    console.warn(text)
    assert end_of(raiser(UserError(text))) == 2
    said = capsys.readouterr()
    assert said.out == f"{seen}\n"
    assert said.err == f"{seen}\nwarning: {seen}\nerror: {seen}\n"
    assert console.printable(f"{text}\n\t") == f"{seen}\\n\\t"


def test_commands_in_messages_can_be_typed():
    assert typed(Path("out/yes_no")) == "out/yes_no"
    assert typed(Path("out/a b;c")) == "'out/a b;c'"
    assert typed(Path("-x")) == "./-x"
    assert typed(Path("a\n\x1b\\'")) == r"$'a\n\x1b\\\''"


def test_what_is_said_is_said_line_by_line():
    """A line end in a text would be shown escaped, as one in a name is: each line is an argument."""
    found = []
    for path in (
        path for room in ("train", "quantize", "codegen", "hil") for path in (ROOT / room).rglob("*.py")
    ):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(
                getattr(call, "func", None), "attr", getattr(getattr(call, "func", None), "id", "")
            )
            if name in ("say", "log", "warn") and any(
                isinstance(part, ast.Constant) and "\n" in str(part.value)
                for argument in call.args
                for part in ast.walk(argument)
            ):
                found.append(f"{path}:{call.lineno}")
    assert not found
