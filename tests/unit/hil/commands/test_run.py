"""earshot run refuses what it cannot judge; tests/emulator plays to boards."""

from pathlib import Path

import pytest
from invoke import invoke

from hil.commands import run
from train.core.errors import UserError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--said", "yes"], "--said and --truth are about a recording: add --wav FILE"),
        (["--truth", "x"], "--said and --truth are about a recording"),
        (["--said", "yes", "--truth", "x", "--wav", "y"], "--said and --truth exclude each other"),
        (["--wav", "none.wav"], r"none\.wav: cannot be read"),
    ],
)
def test_what_is_refused(live_run: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        invoke(run, ["--board", "host", live_run, *arguments])
