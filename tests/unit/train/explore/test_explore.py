"""``earshot explore``: what it finds in a corpus that was spoiled in known ways."""

import base64
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser import Browser
from invoke import invoke
from page_layout import check_phone

from train.audio import wav
from train.commands import explore
from train.commands import explore as explore_command
from train.core.errors import UserError
from train.core.layout import TESTING, TRAINING
from train.core.spec import FrontEnd
from train.data.corpus import read_corpus
from train.explore import baseline_task
from train.explore.balance import balances
from train.explore.clip_stats import measure
from train.explore.corpus_stats import Survey, survey
from train.explore.duplicates import find_duplicates
from train.explore.label_errors import cross_validate
from train.settings.job import Job
from train.settings.sampling import Sampling

RATE_HZ = 16000
FRONT_END = FrontEnd(name="log_mel")
WRONG = "no/speaker03_nohash_0.wav"  # a "yes", spoilt below


def samples_of(path: Path) -> np.ndarray:
    return wav.read_wav(path, RATE_HZ)


def save(path: Path, audio: np.ndarray) -> None:
    path.write_bytes(wav.encode_wav(wav.to_int16(audio.astype(np.float32)), RATE_HZ))


@pytest.fixture(scope="module")
def spoilt(make_corpus, tmp_path_factory) -> Path:
    """Tones, among them one of each fault."""
    root = make_corpus(tmp_path_factory.mktemp("spoilt") / "corpus", speakers=12)
    noise = np.random.default_rng(1).normal(0, 0.01, RATE_HZ)
    second = np.arange(RATE_HZ) / RATE_HZ
    save(root / WRONG, 0.08 * np.sin(2 * np.pi * 545 * second) + noise)  # "yes" of this speaker, afresh
    save(root / "bed/speaker01_nohash_0.wav", np.clip(1.5 * np.sin(2 * np.pi * 700 * second), -0.9, 0.9))
    save(root / "bed/speaker02_nohash_0.wav", 0.01 * noise)
    shutil.copyfile(root / "cat/speaker04_nohash_0.wav", root / "cat/speaker10_nohash_0.wav")
    word = np.random.default_rng(2).normal(0, 1, RATE_HZ) * np.exp(-(((second - 0.4) / 0.1) ** 2))
    save(root / "cat/speaker05_nohash_0.wav", 0.2 * word)
    save(root / "cat/speaker05_nohash_1.wav", 0.1 * np.roll(word, 700))
    (root / "yes" / "broken_nohash_0.wav").write_bytes(b"RIFF")
    return root


@pytest.fixture(scope="module")
def found(spoilt: Path) -> Survey:
    corpus = read_corpus(spoilt, RATE_HZ)
    return survey(corpus, Job((), front_end=FRONT_END), ("yes", "no"))


@pytest.fixture(scope="module")
def page(spoilt: Path, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("page") / "deep" / "explore.html"
    invoke(explore_command, ["--data", str(spoilt), "--words", "yes,no", "--out", str(path)])
    return path.read_text(encoding="utf-8")


def names(sounds) -> list[str]:
    return [sound.clip.name for sound in sounds]


def test_clipped_and_near_silent_clips_are_found_and_no_others(found: Survey) -> None:
    clipped = [sound for sound in found.sounds if sound.clipped_samples]
    assert names(clipped) == ["bed/speaker01_nohash_0.wav"]
    assert clipped[0].clipped_samples > RATE_HZ / 4
    assert clipped[0].peak == pytest.approx(0.9, abs=1e-3)
    assert names(sound for sound in found.sounds if sound.is_quiet) == ["bed/speaker02_nohash_0.wav"]


def test_levels_are_those_of_the_signal(found: Survey) -> None:
    sound = next(sound for sound in found.sounds if sound.clip.name == "yes/speaker00_nohash_0.wav")
    rms_db = 10 * np.log10(0.08**2 / 2 + 0.01**2)
    assert sound.level_db == pytest.approx(rms_db, abs=0.3)
    assert sound.floor_db == pytest.approx(rms_db, abs=0.3)


def test_duplicates_the_same_samples_and_the_same_sound(found: Survey) -> None:
    groups = {tuple(names(group.sounds)): group for group in found.duplicates}
    exact = groups["cat/speaker04_nohash_0.wav", "cat/speaker10_nohash_0.wav"]
    assert exact.is_exact
    assert exact.splits == (TESTING, TRAINING)
    near = groups["cat/speaker05_nohash_0.wav", "cat/speaker05_nohash_1.wav"]
    assert not near.is_exact
    assert near.correlation > 0.97, "shifted and half as loud, but the same"
    assert found.duplicates[0].words == ("no", "yes"), "one tone with two labels does most harm"
    of_one_word = [group for group in found.duplicates if len(group.words) == 1]
    assert of_one_word[0] is exact, "then what is trained and tested on"


def test_takes_of_a_word_are_no_duplicates(write_corpus) -> None:
    rng = np.random.default_rng(3)
    envelope = np.exp(-((np.linspace(-3, 3, RATE_HZ)) ** 2))
    takes = {
        f"yes/s{take}_nohash_0.wav": wav.to_int16((0.1 * envelope * rng.normal(0, 1, RATE_HZ)).astype("f4"))
        for take in range(6)
    }
    corpus = read_corpus(write_corpus(takes), RATE_HZ)
    assert find_duplicates(*measure(corpus, FRONT_END), RATE_HZ) == []


def test_digital_silence_is_measured_and_is_only_like_itself(write_corpus) -> None:
    nothing = np.zeros(RATE_HZ, dtype=np.int16)
    corpus = read_corpus(
        write_corpus(
            {"yes/a_nohash_0.wav": nothing, "yes/b_nohash_0.wav": nothing, "no/c_nohash_0.wav": nothing[:50]}
        ),
        RATE_HZ,
    )
    sounds, features = measure(corpus, FRONT_END)
    assert np.isfinite(features).all()
    assert all(sound.is_quiet for sound in sounds)
    groups = find_duplicates(sounds, features, RATE_HZ)
    assert [names(group.sounds) for group in groups] == [["yes/a_nohash_0.wav", "yes/b_nohash_0.wav"]]


def test_a_wrong_label_ranks_first(found: Survey) -> None:
    judged = found.judged
    assert judged is not None
    assert judged.unjudged == 0
    linear, forest, together = judged.baselines
    assert min(linear.accuracy, forest.accuracy, together.accuracy) > 0.9
    # The other spoilt clips sound like nothing and may be doubted as well.
    ranked = [found.corpus.clips[doubt.index].name for doubt in judged.doubts]
    assert WRONG in ranked[:4]
    assert judged.doubts[ranked.index(WRONG)].heard == "yes"
    assert [doubt.excess for doubt in judged.doubts] == sorted(
        (d.excess for d in judged.doubts), reverse=True
    )


def test_no_speaker_is_on_both_sides_of_a_fold() -> None:
    """Features that name the speaker tell nothing of the word, unless a speaker is trained and tested on."""
    speakers = [f"s{number}" for number in range(20) for _ in range(4)]
    words = ["yes" if number % 2 else "no" for number in range(20) for _ in range(4)]
    features = np.eye(20, dtype=np.float32)[np.repeat(np.arange(20), 4)]
    judged = cross_validate(features, words, speakers, seed=1)
    assert judged is not None
    assert judged.baselines[1].accuracy < 0.8, "a forest that knew the speakers would be right on all"


def test_words_that_cannot_be_judged() -> None:
    features = np.random.default_rng(1).normal(size=(8, 4)).astype(np.float32)
    assert cross_validate(features, ["yes"] * 8, list("abcdefgh"), 1) is None
    assert cross_validate(features, ["yes"] * 4 + ["no"] * 4, list("abcdeeee"), 1) is None
    two_speakers = cross_validate(features, ["yes", "no"] * 4, list("aabbaabb"), 1)
    assert two_speakers is not None
    assert two_speakers.folds == 2
    both_held_out = cross_validate(features, ["yes"] * 6 + ["no"] * 2, list("aabbccab"), 1)
    assert both_held_out is not None


def test_balance_before_and_after_sampling(found: Survey) -> None:
    training = next(each for each in found.balance if each.split == TRAINING)
    assert training.before == {"_silence_": 0, "_unknown_": 32, "yes": 16, "no": 16}
    assert training.after == {"_silence_": 16, "_unknown_": 16, "yes": 16, "no": 16}
    everything = balances(found.corpus, tuple(found.corpus.words), Sampling(), 1)
    assert everything[0].after["_unknown_"] == 0


def test_speakers_on_both_sides_are_named(make_corpus, tmp_path) -> None:
    root = make_corpus(tmp_path / "torn", ("yes", "no"))
    listed = root / "testing_list.txt"
    listed.write_text(listed.read_text() + "yes/speaker00_nohash_0.wav\n")
    corpus = read_corpus(root, RATE_HZ)
    torn = Survey(corpus, Job(()), (), (), (), None, ()).torn_speakers()
    assert torn == [("speaker00", (TESTING, TRAINING))]


@pytest.mark.slow
def test_page_says_what_was_found_and_holds_it_all(page: str) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    assert "96 clips of 4 words by 12 speakers" in text
    for sentence in (
        "Clipped (1)",
        "Near silent (1)",
        "no, or yes?",
        "1 files cannot be used",
        "broken_nohash_0.wav",
    ):
        assert sentence in text
    assert WRONG in page
    rows = re.findall(r'<tr><th scope="row">(\w+)</th>\s*<td class="stack', page)
    assert rows[:4] == ["yes", "no", "bed", "cat"], "words asked for come first"
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page).replace("http-equiv", "")
    sounds = re.findall(r'src="data:audio/wav;base64,([^"]*)"', page)
    assert len(sounds) > 16
    assert {len(wav.decode_wav(base64.b64decode(sound), RATE_HZ)) for sound in sounds} == {RATE_HZ}
    assert (
        page.count('class="spectrogram"') == page.count('class="chroma"') == page.count('class="MFCC"') == 16
    )


def test_only_an_earlier_page_is_replaced(spoilt: Path, tmp_path: Path, monkeypatch) -> None:
    mine = tmp_path / "thesis.html"
    mine.write_text("my own")
    with pytest.raises(UserError, match=r"thesis\.html: exists and is not an earlier page of this command"):
        invoke(explore_command, ["--data", str(spoilt), "--out", str(mine)])
    with pytest.raises(UserError, match="is a folder, expected a file"):
        invoke(explore_command, ["--data", str(spoilt), "--out", str(tmp_path), "--overwrite"])
    assert mine.read_text() == "my own"
    explore.PAGE.check(mine, overwrite=True)
    mine.write_text(f'<meta name="generator" content="{explore.MARK}">')
    explore.PAGE.check(mine, overwrite=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere"], "--data nowhere: there is no such folder or archive"),
        (["--data", "hollow"], "no corpus in it; expected a folder per word"),
        (["--data", "unreadable"], "not one usable clip; 3 truncated"),
        (
            ["--data", "synthetic"],
            "clips are made of words, and none are given; expected a folder or archive",
        ),
        (["--data", "{spoilt}", "--words", "zebra"], "expected clips of 'zebra' in a folder of that name"),
        (["--data", "{spoilt}", "--words", "challenge"], "expected clips of 'up' in a folder of that name"),
        (["--data", "{spoilt}", "--seed", "-1"], "--seed is -1, expected 0 to 4294967295"),
    ],
)
def test_bad_input(arguments, message, spoilt: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hollow").mkdir()
    (tmp_path / "unreadable" / "yes").mkdir(parents=True)
    for number in range(3):
        (tmp_path / "unreadable" / "yes" / f"s{number}_nohash_0.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    with pytest.raises(UserError, match=re.escape(message)):
        invoke(explore_command, [argument.format(spoilt=spoilt) for argument in arguments])
    assert not (tmp_path / "explore.html").exists()


def test_a_corpus_of_one_word_has_a_page_without_ranking(make_corpus, tmp_path, capsys) -> None:
    """And without sections in which nothing would be; a phone shows all of it."""
    root = make_corpus(tmp_path / "one", ("yes",), speakers=3, lists=False)
    path = tmp_path / "one.html"
    invoke(explore_command, ["--data", str(root), "--out", str(path)])
    assert "there are no two words that several speakers say" in capsys.readouterr().err
    page = path.read_text(encoding="utf-8")
    assert re.search(r"6 clips of 1 word by\s+3 speakers, 6.0", page)
    assert "No label can be doubted" in page
    assert "No clip is clipped. None is near silent." in page
    assert "Clips of each speaker: 2. Duration of each clip: 1.0" in page
    headings = re.findall(r'<h2 id="(\w+)"', page)
    assert not {"doubtful", "clipped", "quiet"} & set(headings)
    assert headings == re.findall(r'<a href="#(\w+)"', page)
    with Browser(tmp_path / "profile") as shown:
        check_phone(shown, path)
        assert not shown.complaints


@pytest.fixture(scope="module")
def task(spoilt: Path) -> baseline_task.Task:
    corpus = read_corpus(spoilt, RATE_HZ)
    return baseline_task.make_task(baseline_task.plan(corpus, Job(("yes", "no"), front_end=FRONT_END)))


def test_baselines_are_judged_by_the_clips_of_a_job(task: baseline_task.Task) -> None:
    """Speakers 8 and 9 are for validation, 10 and 11 for testing, each with two takes of a word."""
    assert np.bincount(task.testing.labels).tolist() == [4, 4, 4, 4]
    assert np.bincount(task.validation.labels).tolist() == [4, 4, 4, 4]
    used = np.bincount(task.training.labels)
    assert used.tolist() == [16, 32, 16, 16], "every clip of another word is heard"
    assert np.bincount(task.training.labels, task.weights).tolist() == [16, 16, 16, 16], "and weighs less"
    assert task.training.features.shape == (80, baseline_task.SEGMENTS * FRONT_END.bins)
    assert np.abs(task.training.features.mean(axis=0)).max() < 1e-3


@pytest.mark.slow
def test_baselines_learn_tones_and_nothing_of_noise(task: baseline_task.Task, monkeypatch) -> None:
    pytest.importorskip("tensorflow")
    from train.explore import baselines

    monkeypatch.setattr(baselines, "_EPOCHS", 8)
    trials = baselines.run_trials(task, seed=1)
    assert [trial.name for trial in trials] == ["linear", "random forest", "MLP", "GRU", "LSTM"]
    assert min(trial.accuracy for trial in trials) > 0.7, [trial.accuracy for trial in trials]
    features, labels = task.training.features.shape[1], 4
    assert trials[0].parameters == (features + 1) * labels
    assert trials[2].parameters == (features + 1) * 128 + (128 + 1) * labels
    assert all(trial.duration_s > 0 and trial.clips == 16 for trial in trials)

    models = baselines.MODELS
    monkeypatch.setattr(baselines, "MODELS", models[2:3])
    (again,) = baselines.run_trials(task, seed=1)
    assert (again.correct, again.validation) == (trials[2].correct, trials[2].validation), "the same seed"
    monkeypatch.setattr(baselines, "MODELS", models[:2])
    by_chance = np.random.default_rng(1).permutation(task.training.labels)
    lost = baselines.run_trials(replace(task, training=replace(task.training, labels=by_chance)), seed=1)
    assert np.mean([trial.accuracy for trial in lost]) < 0.6, "labels by chance teach nothing"


def test_baselines_learn_of_no_speaker_that_they_are_judged_by(make_corpus, tmp_path) -> None:
    root = make_corpus(tmp_path / "torn", ("yes", "no"))
    listed = root / "testing_list.txt"
    listed.write_text(listed.read_text() + "yes/speaker00_nohash_0.wav\n")
    plan = baseline_task.plan(read_corpus(root, RATE_HZ), Job(("yes", "no"), front_end=FRONT_END))
    heard = {
        name: {example.clip.speaker for example in split.examples if example.clip}
        for name, split in plan.splits.items()
    }
    assert "speaker00" in heard[TESTING]
    assert "speaker00" not in heard[TRAINING]
    assert plan.left_out == 3
    alone = make_corpus(tmp_path / "alone", ("yes", "no"), speakers=12)
    (alone / "testing_list.txt").write_text(
        "".join(
            f"{word}/speaker{who:02}_nohash_0.wav\n" for word in ("yes", "no") for who in (*range(8), 10, 11)
        )
    )
    with pytest.raises(UserError, match=r"every training clip of .* also in validation or test"):
        baseline_task.plan(
            read_corpus(alone, RATE_HZ), Job(("yes", "no"), front_end=FRONT_END, sampling=Sampling(0.0))
        )


def test_baselines_are_a_section_of_the_page_and_a_table(spoilt: Path, tmp_path: Path, monkeypatch, capsys):
    """Without --baselines neither is there."""
    pytest.importorskip("tensorflow")
    from train.explore import baselines

    trial = baseline_task.Trial("GRU", "64 units", 3, 16, 0.5, 1234, 2.5)
    monkeypatch.setattr(baselines, "run_trials", lambda task, seed: (trial,))
    path = tmp_path / "page.html"
    invoke(explore_command, ["--data", str(spoilt), "--words", "yes,no", "--out", str(path), "--baselines"])
    output = capsys.readouterr().out
    assert "how hard the words are" in output
    assert output.splitlines()[-1] == str(path)
    section = path.read_text().partition('id="baselines"')[2].partition("<h2")[0]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", section))
    for figure in (
        "GRU",
        "64 units",
        "50.0",
        "3 of 16",
        "1,234",
        "18.8",
        "_silence_, _unknown_, yes, no",
        "25.0",
    ):
        assert figure in text, figure


def test_baselines_need_each_word_in_each_split(spoilt: Path, make_corpus, tmp_path: Path) -> None:
    root = make_corpus(tmp_path / "few", ("yes", "no"), speakers=9)  # nobody for testing
    out = ["--out", str(tmp_path / "page.html"), "--baselines"]
    with pytest.raises(UserError, match="'yes' has no testing clip"):
        invoke(explore_command, ["--data", str(root), "--words", "yes,no", *out])
    with pytest.raises(UserError, match="no word has clips for training, validation and testing"):
        invoke(explore_command, ["--data", str(root), *out])
    lonely = ["--words", "yes", "--silence-percentage", "0", "--unknown-percentage", "0"]
    with pytest.raises(UserError, match="needs two labels to tell apart"):
        invoke(explore_command, ["--data", str(spoilt), *lonely, *out])
    assert not (tmp_path / "page.html").exists()


def test_missing_packages_are_told_with_the_extra(spoilt: Path, tmp_path: Path, monkeypatch) -> None:
    find_spec = explore.importlib.util.find_spec
    monkeypatch.setattr(
        explore.importlib.util,
        "find_spec",
        lambda name: None if name in missing else find_spec(name),
    )
    missing = {"librosa", "sklearn"}
    with pytest.raises(
        UserError, match=r"needs librosa and scikit-learn.*pip install 'earshot-kws\[explore\]'"
    ):
        invoke(explore_command, ["--data", str(spoilt), "--out", str(tmp_path / "page.html")])
    missing = {"tensorflow"}
    with pytest.raises(UserError, match=r"--baselines needs tensorflow.*pip install 'earshot-kws\[train\]'"):
        invoke(explore_command, ["--data", str(spoilt), "--baselines", "--out", str(tmp_path / "page.html")])


def test_the_commands_are_imported_without_the_extra() -> None:
    code = (
        "import sys, train.commands.explore, train.commands.sample; "
        "print(sorted({'librosa', 'sklearn', 'scipy', 'matplotlib', 'tensorflow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
