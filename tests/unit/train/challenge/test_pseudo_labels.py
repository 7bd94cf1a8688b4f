"""``earshot pseudo-label``, and training on what it wrote."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from invoke import invoke
from tone_runs import write_run

from train.challenge.pseudo_labels import Opinion, accepted, find_recordings, opinion, target_names
from train.challenge.scored_files import ScoredFiles
from train.commands import pseudo_label
from train.commands import pseudo_label as pseudo_label_command
from train.core.errors import Interrupted, UserError
from train.core.layout import TESTING, TRAINING, VALIDATION
from train.data.corpus import read_corpus
from train.data.job_data import gather
from train.settings.job import ExtraData, Job

LABELS = ("_silence_", "_unknown_", "yes", "no")
LISTED = ("speaker08", "speaker09", "speaker10", "speaker11")  # validated and tested on


@pytest.fixture(scope="module")
def corpus(make_corpus, tmp_path_factory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("corpus") / "tones")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[Path]:
    root = tmp_path_factory.mktemp("runs")
    return [
        write_run(root / "first"),
        write_run(root / "second", ("no", "yes"), gain=0.9),
        write_run(root / "deaf", deaf_to=("no",)),
    ]


def label(runs: list[Path], data: Path, out: Path, *more: object) -> None:
    invoke(pseudo_label_command, [*map(str, runs), "--data", str(data), "--out", str(out), *map(str, more)])


def test_opinion_is_that_of_the_most_and_among_equals_of_the_surer():
    scores = np.array([[0, 0.4, 0.6, 0], [0, 0.1, 0.9, 0], [0, 1.0, 0, 0]], np.float32)
    assert opinion("a", scores, LABELS) == Opinion("a", "yes", 0.5, (0, 1))
    assert opinion("a", scores[1:], LABELS) == Opinion("a", "_unknown_", 0.55, (1,))
    sure = opinion("a", scores, LABELS)
    assert accepted([sure], 0.5, 2) == [sure]
    assert accepted([sure], 0.5, 3) == accepted([sure], 0.51, 2) == []


def test_names_keep_speakers_and_are_never_twice_the_same():
    sources = ["yes/ann_nohash_0.wav", "no/ann_nohash_0.wav", "x/clip_7.WAV", "y/clip_7.wav"]
    assert target_names([Opinion(source, "yes", 1.0, (0,)) for source in sources]) == [
        "yes/ann_nohash_0.wav",
        "yes/ann_nohash_1.wav",
        "yes/clip_7_nohash_0.wav",
        "yes/clip_7_nohash_1.wav",
    ]


def test_a_corpus_with_a_manifest_all_of_it_for_training(runs, corpus, tmp_path, capsys):
    out = tmp_path / "pseudo"
    label(runs, corpus, out, "--agree", 2)
    made = read_corpus(out, 16000)
    assert made.words == {"_unknown_": 48, "no": 24, "yes": 24}
    assert {clip.split for clip in made.clips} == {TRAINING}
    assert {clip.speaker for clip in made.clips} == {f"speaker{number:02}" for number in range(12)}
    manifest = json.loads((out / "pseudo.json").read_text())
    assert manifest["counts"] == made.words
    assert {clip["file"] for clip in manifest["clips"]} == {clip.name for clip in made.clips}
    for clip in manifest["clips"]:
        assert (out / clip["file"]).read_bytes() == (corpus / clip["source"]).read_bytes()
        heard = ["first", "second"] if clip["label"] == "no" else ["first", "second", "deaf"]
        assert [Path(run).name for run in clip["runs"]] == heard
    said = capsys.readouterr()
    assert "100.0 % of 96" in said.out
    assert "100.0 % of 32" in said.out, "of those held out"
    label(runs, corpus, tmp_path / "sure")
    assert "no" not in read_corpus(tmp_path / "sure", 16000).words
    assert "nothing was found of no" in capsys.readouterr().err


def test_training_leaves_out_who_and_what_is_validated_or_tested_on(runs, corpus, tmp_path, capsys):
    """By the name of the speaker; recordings whose names say nobody by their content."""
    flat = tmp_path / "flat"
    flat.mkdir()
    for number, name in enumerate(find_recordings(corpus)):
        shutil.copyfile(corpus / name.decode(), flat / f"clip_{number:03}.wav")
    label(runs[:2], corpus, tmp_path / "named")
    assert "do not say who speaks" not in capsys.readouterr().err
    label(runs[:2], flat, tmp_path / "unnamed")
    said = capsys.readouterr()
    assert "the names of 96 recordings do not say who speaks" in said.err
    assert "right" not in said.out
    for name in ("named", "unnamed"):
        job = Job(("yes", "no"), data=str(corpus), extra_data=(ExtraData(str(tmp_path / name), 0.6),))
        (extra,) = gather(job).extras
        assert extra.share == 0.6
        assert len(extra.collection.corpus.clips) == 96 - 8 * len(LISTED)
        trained_on = {clip.sha256 for clip in extra.collection.corpus.clips}
        held_out = [clip for clip in read_corpus(corpus, 16000).clips if clip.split in (VALIDATION, TESTING)]
        assert len(held_out) == 8 * len(LISTED)
        assert not trained_on & {clip.sha256 for clip in held_out}


def test_pseudo_labels_are_trained_on_in_the_noise_of_the_labelled_corpus(runs, corpus, tmp_path, capsys):
    label(runs[:2], corpus, tmp_path / "pseudo")
    capsys.readouterr()
    job = Job(("yes", "no"), data=str(corpus), extra_data=(ExtraData(str(tmp_path / "pseudo"), 0.6),))
    extra = gather(job).extras[0].collection
    noise = extra.audio.background(TRAINING, np.random.default_rng(1))
    assert 0.01 < noise.std() < 0.03  # hum.wav of make_corpus
    assert extra.corpus.sha256.endswith(f"+{read_corpus(corpus, 16000).sha256}")
    said = capsys.readouterr().err
    assert "pseudo brings no noise; it takes that of tones" in said
    assert "trained without noise" not in said


def test_a_word_that_nobody_heard_comes_from_the_other_corpus(runs, corpus, tmp_path, capsys):
    label(runs[:2], corpus, tmp_path / "pseudo")
    shutil.rmtree(tmp_path / "pseudo" / "no")
    job = Job(("yes", "no"), data=str(corpus), extra_data=(ExtraData(str(tmp_path / "pseudo"), 0.6),))
    counts = gather(job).extras[0].split.counts(LABELS)
    assert counts["no"] == 0 < counts["yes"]
    assert "pseudo has nothing of no to train on" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "pseudo" / "yes")
    with pytest.raises(UserError, match="expected clips of 'yes' in a folder of that name"):
        gather(job)


def test_nothing_is_validated_on_pseudo_labels(runs, corpus, tmp_path):
    label(runs[:2], corpus, tmp_path / "pseudo")
    with pytest.raises(UserError, match=r"'yes' has no validation clip: validation_list\.txt names none"):
        gather(Job(("yes", "no"), data=str(tmp_path / "pseudo")))


def test_stopped_and_gone_on_with(runs, corpus, tmp_path, monkeypatch):
    label(runs, corpus, tmp_path / "whole", "--agree", 2)
    data = shutil.copytree(corpus, tmp_path / "data")
    (data / "no" / "broken_nohash_0.wav").write_bytes(b"RIFF")
    add = ScoredFiles.add

    def add_and_stop(self, row):
        add(self, row)
        if self.count == 50:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ScoredFiles, "add", add_and_stop)
        with pytest.raises(Interrupted, match=r"stopped; 50 rows are kept in .*cut\.part: the same command"):
            label(runs, data, tmp_path / "cut")
    with pytest.raises(UserError, match="rows of another set of trained models"):
        label(runs[:2], data, tmp_path / "cut")
    with pytest.raises(
        UserError, match=r"no recording reaches --threshold 1 .*the scores are kept in .*part"
    ):
        label(runs, data, tmp_path / "cut", "--threshold", 1)
    with monkeypatch.context() as patched:
        patched.setattr(pseudo_label, "Scorer", None)  # all is scored by now
        label(runs, data, tmp_path / "cut", "--agree", 2)
    whole, cut = (json.loads((tmp_path / name / "pseudo.json").read_text()) for name in ("whole", "cut"))
    assert cut["clips"] == whole["clips"]
    assert cut["faults"] == {"no/broken_nohash_0.wav": "not a RIFF WAVE file (starts with b'RIFF', 4 bytes)"}
    assert not (tmp_path / "cut.part").exists()


def test_nothing_is_overwritten_unasked(runs, corpus, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("my own")
    with pytest.raises(UserError, match="mine: exists and is no earlier pseudo-labelled corpus"):
        label(runs, corpus, tmp_path / "mine", "--overwrite")
    label(runs, corpus, tmp_path / "out")
    with pytest.raises(UserError, match="out: holds a pseudo-labelled corpus; add --overwrite"):
        label(runs, corpus, tmp_path / "out", "--agree", 1)
    label(runs, corpus, tmp_path / "out", "--agree", 1, "--overwrite")
    assert "no" in read_corpus(tmp_path / "out", 16000).words


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--threshold", "70"], "--threshold is 70, expected 0 to 1"),
        (["--agree", "4"], "--agree is 4, expected 1 to 3, the number of runs"),
        (["--data", "nowhere"], "there is no such folder or archive"),
        (["--data", "synthetic"], "clips are made of words"),
    ],
)
def test_bad_input(runs, corpus, tmp_path, more, message):
    with pytest.raises(UserError, match=message):
        label(runs, corpus, tmp_path / "out", *more)
    with pytest.raises(UserError, match=r"is in .*, where its clips come from"):
        label(runs, corpus, corpus / "out")
    assert list(tmp_path.iterdir()) == []
