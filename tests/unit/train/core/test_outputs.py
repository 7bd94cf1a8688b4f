"""What a command finds where it is to write, and which of it may be replaced."""

import json

import pytest

from train.core.errors import UserError
from train.core.outputs import Output, State, has_file, has_key, state_of

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
