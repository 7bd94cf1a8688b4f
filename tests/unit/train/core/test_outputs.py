"""What a command finds where it is to write, and which of it may be replaced."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from train.core.errors import UserError
from train.core.outputs import Output, State, clear_unfinished, has_file, has_key, state_of, whole_folder

FILE, FOLDER = has_key("mark"), has_file("mark.json")


def put(place, kind: str):
    """A path at which there is something."""
    path = place / "there"
    match kind:
        case "our file":
            path.write_text('{"mark": 1}')
        case "our folder":
            path.mkdir()
            (path / "mark.json").touch()
        case "an empty folder":
            path.mkdir()
        case "a folder":
            path.mkdir()
            (path / "thesis").touch()
        case "a file":
            path.write_text("mine")
    return path


@pytest.mark.parametrize(
    ("kind", "of_file", "of_folder"),
    [
        ("nothing", State.FREE, State.FREE),
        ("an empty folder", State.FREE, State.FREE),
        ("our file", State.OURS, State.FOREIGN),
        ("our folder", State.FOREIGN, State.OURS),
        ("a file", State.FOREIGN, State.FOREIGN),
        ("a folder", State.FOREIGN, State.FOREIGN),
    ],
)
def test_state(tmp_path, kind, of_file, of_folder):
    path = put(tmp_path, kind)
    assert (state_of(path, FILE), state_of(path, FOLDER)) == (of_file, of_folder)


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[]", b'["mark"]', b'"mark"', b'{"other": 1}', b'{"mark"']
)
def test_json_that_is_not_ours(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert not FILE(path)
    path.write_text(json.dumps({"mark": None}))
    assert FILE(path)


OURS_ASK = "--out there: holds ours; add --overwrite to replace it, or choose another file"
FOREIGN_ASK = "--out there: is not ours; add --overwrite to replace it, or choose another file"
FOREIGN_STAYS = "--out there: is not ours; choose another file"


@pytest.mark.parametrize(
    ("guarded", "kind", "unasked", "asked"),
    [
        (State.OURS, "our file", OURS_ASK, None),
        (State.OURS, "a file", FOREIGN_STAYS, FOREIGN_STAYS),
        (State.FOREIGN, "our file", None, None),
        (State.FOREIGN, "a file", FOREIGN_ASK, None),
        (None, "our file", None, None),
        (None, "a file", FOREIGN_STAYS, FOREIGN_STAYS),
        *(
            (guarded, kind, message, message)
            for guarded in (State.OURS, State.FOREIGN, None)
            for kind, message in (
                ("nothing", None),
                ("a folder", "--out there: is a folder, expected a file, such as a.json"),
                ("an empty folder", "--out there: is a folder, expected a file, such as a.json"),
            )
        ),
    ],
)
def test_files(tmp_path, monkeypatch, guarded, kind, unasked, asked):
    monkeypatch.chdir(tmp_path)
    output = Output("holds ours", "is not ours", FILE, example="a.json", overwrite=guarded)
    path = put(tmp_path, kind).relative_to(tmp_path)
    for overwrite, message in ((False, unasked), (True, asked)):
        if message is None:
            output.check(path, overwrite)
            continue
        with pytest.raises(UserError) as caught:
            output.check(path, overwrite)
        assert str(caught.value) == message


def test_folders_and_other_flags(tmp_path):
    output = Output("holds ours", "is not ours", FOLDER)
    output.check(put(tmp_path, "an empty folder"))
    (tmp_path / "there" / "mark.json").touch()
    with pytest.raises(UserError, match=r"^--to .*there: holds ours; add --overwrite to .* another folder$"):
        output.check(tmp_path / "there", flag="--to")
    output.check(tmp_path / "there", overwrite=True)


KILLED = """
import os, sys
from pathlib import Path
from train.core.outputs import whole_folder
with whole_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_left_is_cleared_and_what_a_living_one_makes_is_not(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "corpus")]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as living,
    ):
        left, growing = (Path(process.stdout.readline().strip()) for process in (killed, living))
        killed.kill()
        killed.wait()
        assert (left / "half").is_file()
        clear_unfinished(tmp_path)
        assert not left.exists()
        assert (growing / "half").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_a_full_disk_is_told_with_the_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught, whole_folder(tmp_path / "corpus"):
        raise OSError("500 requested and 300 written")  # as NumPy says it
    assert caught.value.filename == str(tmp_path / "corpus")
    assert not list(tmp_path.iterdir())
