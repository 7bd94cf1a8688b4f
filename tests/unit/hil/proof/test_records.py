"""clips.jsonl: read as an earlier version wrote it, damaged, on a full disk."""

import pytest
from disk import file_limit

from hil.proof.records import Records
from train.core.errors import UserError

SUBJECT = {"model_sha256": "ab", "clips_asked": 3}
# As it was written before there was one class for all rows.
EARLIER = """\
{"model_sha256": "ab", "clips_asked": 3}
{"clip": 0, "scores": [1, -2], "scores_differing": 0}
{"clip": 1, "failed": "no answer – twice"}
{"sitting": {"scored": 1, "duration_s": 0.5}}
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "clips.jsonl"
    path.write_text(EARLIER)
    return path


def test_what_an_earlier_version_wrote_is_gone_on_with(path):
    with Records(path, True).append(SUBJECT) as records:
        assert [records.is_scored(clip) for clip in range(3)] == [True, False, False]
        assert records.clips[1]["failed"] == "no answer – twice"
        records.add_clip(1, scores=[3, 4])
        records.add_sitting(scored=1, duration_s=0.25)
    again = Records(path, True)
    assert [again.is_scored(clip) for clip in range(3)] == [True, True, False]
    assert again.clips[1]["scores"] == [3, 4]
    assert [sitting["duration_s"] for sitting in again.sittings] == [0.5, 0.25]
    assert path.read_text().startswith(EARLIER)


def test_without_resume_it_begins_anew(path):
    with Records(path, False).append(SUBJECT) as records:
        assert (records.clips, records.sittings) == ({}, [])
    assert path.read_text() == EARLIER.splitlines(keepends=True)[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (EARLIER + "[1]\n", "was changed, or written by two at once; start again without --resume"),
        (EARLIER + '{"clip": 2}\n', "was changed, or written by two at once; start again without --resume"),
        (EARLIER + "{\n" + EARLIER, "was changed, or written by two at once; start again without --resume"),
        ("mine\n", "not the rows of a board's test; start again without --resume"),
        ("", "is empty, so nothing to go on with; leave out --resume"),
        ('{"model', "is empty, so nothing to go on with; leave out --resume"),
    ],
)
def test_damage_is_told(path, content, message):
    path.write_text(content)
    with pytest.raises(UserError, match=rf"clips\.jsonl: {message}"):
        Records(path, True)


def test_a_full_disk_is_told(path):
    size_bytes = path.stat().st_size
    with (
        Records(path, True).append(SUBJECT) as records,
        file_limit(size_bytes + 5),
        pytest.raises(UserError, match=r"clips\.jsonl: cannot be written"),
    ):
        records.add_clip(2, scores=[5, 6])
    assert not records.is_scored(2)
    with Records(path, True).append(SUBJECT) as records:
        assert len(records.clips) == 2
    assert path.read_text() == EARLIER
