"""Keys on a terminal, and lines from elsewhere."""

import os
import pty
import sys

import pytest

from hil.recording.keys import Keys


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_single_keys_on_a_terminal(monkeypatch):
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        with Keys() as keys:
            assert keys.pressed() == ""
            os.write(ours, b"R")
            assert keys.pressed() == "r"
            os.write(ours, b"\n")
            assert keys.pressed() == "\n"
    os.close(ours)


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_lines_from_elsewhere(monkeypatch):
    theirs, ours = os.pipe()
    with os.fdopen(theirs, "r") as lines:
        monkeypatch.setattr(sys, "stdin", lines)
        with Keys() as keys:
            assert keys.pressed() == ""
            os.write(ours, b"q\n")
            assert keys.pressed() == "q"
            os.close(ours)
            assert [keys.pressed(), keys.pressed()] == ["", ""], "the end is no key"
