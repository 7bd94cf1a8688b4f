"""Who speaks, by the names of files and folders, and how few speakers are divided."""

from collections import defaultdict

import pytest

from train.core.layout import SPLITS, TESTING, TRAINING, VALIDATION
from train.data.speakers import Named, divide, name_speakers, which_set

CORPUS = "the corpus"


def named(*paths: str) -> list[Named]:
    return [Named(word, tuple(folders), file) for word, *folders, file in (path.split("/") for path in paths)]


@pytest.mark.parametrize(
    ("pattern", "speaker"),
    [
        ("yes {}.wav", CORPUS),
        ("Yes{}.wav", CORPUS),
        ("{:03}.wav", CORPUS),
        ("Neue Aufnahme {}.m4a", CORPUS),
        ("Recording ({}).wav", CORPUS),
        ("2024-05-01 12.33.{:02}.wav", CORPUS),
        ("yes - Kopie ({}).wav", CORPUS),
        ("anna-{:02}.wav", "anna"),
        ("anna_yes_{}.wav", "anna"),
        ("yes_anna_{}.flac", "anna"),
        ("Anna Müller yes {}.mp3", "anna müller"),
        ("speaker07_{}.wav", "speaker07"),
        ("yes_spk7_{}.wav", "spk7"),
        ("anna_nohash_{}.wav", "anna"),
    ],
)
def test_who_speaks_by_the_name_of_a_take(pattern, speaker):
    clips = [Named("yes", (), pattern.format(number)) for number in range(1, 6)]
    assert name_speakers(clips, CORPUS) == ([speaker] * 5, True)


def test_phrases_with_other_separators():
    clips = [Named("lampe an", (), f"ben_Lampe-an_{number}.wav") for number in range(4)]
    assert set(name_speakers(clips, CORPUS)[0]) == {"ben"}


def test_folders_within_a_word_are_speakers():
    clips = named("yes/anna/1.wav", "yes/Anna/session 2/1.wav", "no/ben/1.wav", "no/ben/carl_nohash_1.wav")
    assert name_speakers(clips, CORPUS) == (["anna", "anna", "ben", "carl"], True)


@pytest.mark.parametrize(
    "files",
    [
        [f"{number * 7919 % 65521:04x}beef.wav" for number in range(30)],
        ["ad.wav", "be.wav", "cy.wav", "di.wav"],
        ["3f2504e0-4f89-11d3-9a0c-0305e82c3301.wav", "6fa459ea-ee8a-3ca4-894e-db77e160355e.wav"],
    ],
)
def test_names_that_tell_nothing_are_speakers_of_their_own(files):
    clips = [Named("yes", (), file) for file in files]
    assert name_speakers(clips, CORPUS) == (files, False)
    divided = divide(clips, ("yes",), 10, 10, CORPUS)
    assert "file names do not say who speaks" in divided.note


def test_the_hash_rule_stays_where_it_can_divide():
    clips = named(
        *(
            f"{word}/{n:08x}_nohash_{take}.wav"
            for word in ("yes", "no")
            for n in range(200)
            for take in (0, 1)
        )
    )
    divided = divide(clips, ("yes", "no"), 10, 10, CORPUS)
    assert (divided.rule, divided.note) == ("hash", "")
    assert divided.splits == tuple(which_set(clip.file, 10, 10) for clip in clips)


def test_of_many_speakers_none_is_on_both_sides():
    """A word that only some of them say may be left without a clip in a split; that is told elsewhere."""
    clips = named(*(f"no/{n:08x}_nohash_0.wav" for n in range(200)), "yes/00000001_nohash_0.wav")
    clips += named("yes/00000001_nohash_1.wav", "yes/00000001_nohash_2.wav")
    assert divide(clips, ("yes", "no"), 10, 10, CORPUS).rule == "hash"
    assert divide(clips, (), 10, 10, CORPUS).rule == "hash"


def by_split(clips: list[Named], splits: tuple[str, ...]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for clip, split in zip(clips, splits, strict=True):
        found[split].append(f"{clip.word}/{clip.file}")
    return found


def test_one_speaker_is_divided_by_takes_and_that_is_said():
    clips = named(*(f"{word}/{word} {take}.wav" for word in ("yes", "no") for take in range(1, 31)))
    divided = divide(clips, ("yes", "no"), 10, 10, CORPUS)
    assert divided.rule == "takes"
    counts = "(48 to train on, 6 to choose by, 6 to test on)"
    assert divided.note.startswith(f"one speaker: the last takes of each word are tested on {counts}")
    assert "how well it works for that person" in divided.note
    found = by_split(clips, divided.splits)
    assert found[TESTING] == [f"{word}/{word} {take}.wav" for word in ("yes", "no") for take in (28, 29, 30)]
    assert found[VALIDATION] == [
        f"{word}/{word} {take}.wav" for word in ("yes", "no") for take in (25, 26, 27)
    ]
    assert len(found[TRAINING]) == 48


def test_few_speakers_keep_takes_of_each():
    clips = named(
        *(
            f"{word}/{who}-{take}.wav"
            for word in ("yes", "no")
            for who in ("anna", "ben")
            for take in range(20)
        )
    )
    divided = divide(clips, ("yes", "no"), 10, 10, CORPUS)
    assert divided.rule == "takes"
    assert "2 speakers only" in divided.note
    assert by_split(clips, divided.splits)[TESTING] == [
        f"{word}/{who}-{take}.wav" for word in ("yes", "no") for who in ("anna", "ben") for take in (18, 19)
    ]


def test_some_more_speakers_are_held_out_as_a_whole():
    names = [name for name in (f"person{n}" for n in range(300)) if which_set(name, 10, 10) == TRAINING][:8]
    clips = named(
        *(f"{word}/{who}/{take}.wav" for word in ("yes", "no") for who in names for take in range(3))
    )
    divided = divide(clips, ("yes", "no"), 10, 10, CORPUS)
    assert divided.rule == "speakers"
    assert "8 speakers are few" in divided.note
    sides = defaultdict(set)
    for who, split in zip(divided.speakers, divided.splits, strict=True):
        sides[who].add(split)
    assert all(len(splits) == 1 for splits in sides.values())
    assert set(divided.splits) == set(SPLITS)


def test_what_cannot_be_divided_is_left_to_the_hash_rule():
    divided = divide(named("yes/anna_nohash_0.wav"), ("yes",), 10, 10, CORPUS)
    assert divided.rule == "hash"


def test_a_split_that_is_to_be_empty_needs_no_clip():
    clips = named(*(f"yes/yes {take}.wav" for take in range(10)))
    assert set(divide(clips, ("yes",), 0, 20, CORPUS).splits) == {TRAINING, TESTING}


def test_six_speakers_are_not_all_but_one_held_out():
    """Their hashes put one of them into training."""
    names = ("anna", "ben", "cleo", "dora", "emil", "fritz")
    assert [which_set(name, 10, 10) for name in names].count(TRAINING) == 1
    clips = named(
        *(f"{word}/{who}/{take}.wav" for word in ("yes", "no") for who in names for take in range(3))
    )
    divided = divide(clips, ("yes", "no"), 10, 10, CORPUS)
    assert divided.rule == "speakers"
    assert divided.splits.count(TRAINING) == 4 * 2 * 3
    assert "6 speakers are few" in divided.note


def test_of_other_words_alone_nothing_is_said():
    assert divide(named("clips/1.wav", "clips/2.wav"), ("yes",), 10, 10, CORPUS).note == ""
