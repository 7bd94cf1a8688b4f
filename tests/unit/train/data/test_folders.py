"""Where a corpus begins, and what its folders mean."""

import os
from pathlib import Path

import pytest

from train.core.errors import UserError
from train.core.layout import BACKGROUND_FOLDER, as_seen, is_litter, natural_order, word_name
from train.core.spec import SILENCE_LABEL
from train.data.folder_names import meanings, understood
from train.data.folders import corpus_root

WORDS = ("yes", "no")


def tree(root: Path, *files: str) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF")
    return root


LAYOUTS = {
    "by word": ([*(f"{word}/1.wav" for word in WORDS)], ""),
    "deep": ([*(f"a/b/{word}/1.wav" for word in WORDS), "a/README"], "a/b"),
    "the challenge's": (
        [*(f"train/audio/{word}/1.wav" for word in WORDS), "test/audio/clip_1.wav", "train/LICENSE"],
        "train/audio",
    ),
    "word and speaker": (
        [*(f"{word}/{who}/1.wav" for word in WORDS for who in ("anna", "ben")), "_background_noise_/fan.wav"],
        "",
    ),
    "speaker and word": ([f"{who}/{word}/1.wav" for word in WORDS for who in ("anna", "ben")], ""),
    "one says less": (["anna/yes/1.wav", "anna/no/1.wav", "ben/yes/1.wav", "ben/other/1.wav"], ""),
    "other formats": (["yes/1.m4a", "no/1.opus"], ""),
    "without suffixes": (["yes/1", "no/1"], ""),
    "litter": (["__MACOSX/yes/1.wav", ".git/no/1.wav", "x/yes/1.wav", "x/no/1.wav", "x/Thumbs.db"], "x"),
    "apart": (["corpus/ja/1.wav", "corpus/nein/1.wav", "backup/alt/1.wav", "corpus/yes/1.wav"], "corpus"),
    "one word": (["yes/1.wav", "_background_noise_/1.wav"], ""),
    "one word by speakers": (["yes/anna/1.wav", "yes/ben/1.wav", "_background_noise_/1.wav"], ""),
}


@pytest.mark.parametrize("words", [WORDS, ()], ids=["words given", "no words"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_where_a_corpus_begins(name, words, tmp_path):
    if not words and name in ("one says less",):
        pytest.skip("without words this might be two corpora")
    files, root = LAYOUTS[name]
    assert corpus_root(tree(tmp_path, *files), words=words) == tmp_path / root


def test_words_are_found_as_people_see_them(tmp_path):
    composed, apart = "größe", "gro\u0308\u00dfe"
    assert composed != apart
    tree(
        tmp_path,
        f"set/{apart.upper()}/1.wav",
        "set/x/1.wav",
        "other/a/1.wav",
        "other/b/1.wav",
        "other/c/1.wav",
    )
    assert corpus_root(tmp_path, words=(composed,)) == tmp_path / "set"
    assert as_seen(apart) == as_seen(composed) == as_seen("GRÖSSE")
    assert word_name("  Hey \t ROBOT ") == "hey robot"
    assert word_name(apart) == composed


@pytest.mark.parametrize("words", [WORDS, ()])
def test_two_corpora_side_by_side_are_not_halved_in_silence(words, tmp_path):
    tree(tmp_path, *(f"{part}/{word}/1.wav" for part in ("train", "test") for word in WORDS))
    with pytest.raises(UserError) as caught:
        corpus_root(tmp_path, words=words)
    message = str(caught.value)
    assert "holds 2 corpora (test, train), expected one" in message
    assert f"pass --data {tmp_path / 'train'} to train on it, and --test-data {tmp_path / 'test'}" in message
    assert corpus_root(tmp_path / "train", words=words) == tmp_path / "train"


def test_corpora_of_other_words_are_asked_for(tmp_path):
    tree(tmp_path, "mine/yes/1.wav", "mine/no/1.wav", "others/up/1.wav", "others/down/1.wav")
    assert corpus_root(tmp_path, words=WORDS) == tmp_path / "mine"
    with pytest.raises(UserError, match=r"holds 2 corpora \(mine, others\), expected one; pass one of them"):
        corpus_root(tmp_path)


def test_folders_without_a_corpus(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.c").write_text("int main(void);")
    with pytest.raises(UserError, match="no corpus in it; expected a folder per word"):
        corpus_root(tmp_path)
    with pytest.raises(UserError, match="lie side by side, so nothing says which word each is"):
        corpus_root(tree(tmp_path / "flat", "yes_1.wav", "no_1.wav"))


def test_links_that_lead_in_circles(tmp_path):
    tree(tmp_path, "yes/1.wav", "no/1.wav")
    (tmp_path / "yes" / "again").symlink_to(tmp_path)
    (tmp_path / "no" / "again").symlink_to(tmp_path)
    assert corpus_root(tmp_path) == tmp_path


def test_what_folders_mean():
    names = {
        "YES": "yes",
        "Nein": "nein",
        "_background_noise_": BACKGROUND_FOLDER,
        "Background Noise": BACKGROUND_FOLDER,
        "noise": BACKGROUND_FOLDER,
        "_noise_": BACKGROUND_FOLDER,
        "background": BACKGROUND_FOLDER,
        "Hintergrund": BACKGROUND_FOLDER,
        "Hintergrundgera\u0308usche": BACKGROUND_FOLDER,
        "silence": SILENCE_LABEL,
        "_silence_": SILENCE_LABEL,
        "_unknown_": "_unknown_",
        "unknown": "unknown",
    }
    found = meanings(names, ("yes", "no"))
    assert found == names
    assert "noise" in understood(found)
    assert not {"_background_noise_", "_silence_", "YES"} & understood(found).keys()


def test_a_wanted_word_keeps_its_meaning():
    assert meanings(["Noise", "Ruhe", "stra\u00dfe", "STRASSE"], ("noise", "ruhe", "straße")) == {
        "Noise": "noise",
        "Ruhe": "ruhe",
        "straße": "straße",
        "STRASSE": "straße",
    }


@pytest.mark.parametrize(
    ("words", "folders"),
    [
        (["white noise off"], {"white": "white", "Noise": "noise", "off": "off", "ruhe": SILENCE_LABEL}),
        (
            ["background", "Ruhe bitte"],
            {"background": "background", "ruhe": "ruhe", "noise": BACKGROUND_FOLDER},
        ),
        (["silence-alarm"], {"silence": "silence", "_silence_": SILENCE_LABEL}),
        (["background noise"], {"background_noise": "background noise", "noise": "noise"}),
    ],
)
def test_parts_of_phrases_are_words(words, folders):
    own = {"_background_noise_": BACKGROUND_FOLDER, "lärm": BACKGROUND_FOLDER}
    assert meanings([*folders, *own], words) == folders | own


@pytest.mark.parametrize("name", ["noise", "silence", "Lärm"])
def test_a_corpus_may_be_called_noise(name, tmp_path):
    tree(tmp_path, f"{name}/yes/1.wav", f"{name}/no/1.wav", "other/1.wav")
    assert corpus_root(tmp_path / name, words=WORDS) == corpus_root(tmp_path / name) == tmp_path / name


def test_speakers_of_the_word_noise(tmp_path):
    tree(tmp_path, *(f"{word}/{who}/1.wav" for word in ("noise", "lampe") for who in ("anna", "ben")))
    for words in (("noise",), ("noise off", "lampe")):
        assert corpus_root(tmp_path, words=words) == tmp_path


def test_names_that_are_not_utf_8(tmp_path):
    tree(tmp_path, "yes/1.wav", os.fsdecode(b"gr\xf6\xdfe/1.wav"))
    assert corpus_root(tmp_path, words=("yes",)) == tmp_path
    (name,) = (path.name for path in tmp_path.iterdir() if path.name != "yes")
    assert meanings([name], ()) == {name: r"gr\xf6\xdfe"}


def test_litter():
    for name in (".DS_Store", "._a.wav", "Thumbs.db", "desktop.ini", "__MACOSX", "@eaDir", "$RECYCLE.BIN"):
        assert is_litter(name), name
    for name in ("yes", "_background_noise_", "README", "a.wav"):
        assert not is_litter(name), name


def test_natural_order():
    names = ["clip 10.wav", "Clip 9.wav", "a2b10", "a2b9", "clip.wav"]
    assert sorted(names, key=natural_order) == ["a2b9", "a2b10", "Clip 9.wav", "clip 10.wav", "clip.wav"]


def test_an_archive_within_is_named(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "clips.zip").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"no corpus in it, but an archive, inner/clips\.zip; unpack that"):
        corpus_root(tmp_path)


@pytest.mark.parametrize(
    ("folder", "word"),
    [
        ("turn_on", "turn on"),
        ("Turn-On", "turn on"),
        ("turn on", "turn-on"),
        ("İyi", "iyi"),
        ("iyi", word_name("İYİ")),
    ],
)
def test_names_that_people_say_alike(folder, word, tmp_path):
    assert meanings([folder, "no"], [word]) == {folder: word, "no": "no"}
    tree(tmp_path, f"mine/{folder}/1.wav", "others/a/1.wav", "others/b/1.wav")
    assert corpus_root(tmp_path, words=(word,)) == tmp_path / "mine"


def test_a_name_of_its_own_is_no_other_word():
    assert meanings(["turn_on", "turn on"], ["turn on", "turn_on"]) == {
        "turn_on": "turn_on",
        "turn on": "turn on",
    }
    assert meanings(["_yes_", "yes_2"], ["yes"]) == {"_yes_": "_yes_", "yes_2": "yes_2"}
    assert understood({"turn_on": "turn on", "Yes ": "yes"}) == {"turn_on": "'turn on'"}
