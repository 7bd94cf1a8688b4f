"""Runs that score the same clips, their weights in an ensemble, and the file that remembers them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from invoke import invoke
from tone_runs import write_run

from train.audio.wav import encode_wav, read_wav
from train.challenge import scorers as scoring
from train.challenge.ensemble import read_ensemble
from train.challenge.pseudo_labels import find_recordings
from train.challenge.scorers import Fault, Scorer, convene
from train.challenge.submission_rules import variants
from train.challenge.weighting import fit_weights, log_loss
from train.commands import ensemble as ensemble_command
from train.core.errors import UserError


@pytest.fixture(scope="module")
def corpus(make_corpus, tmp_path_factory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("corpus") / "tones", speakers=12)


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("runs")
    return {
        "plain": write_run(root / "plain"),
        "turned": write_run(root / "turned", ("no", "yes"), front_end="log", gain=0.5),
        "deaf": write_run(root / "deaf", gain=0.02, deaf_to=("yes",)),
        "more": write_run(root / "more", ("bed", "yes", "no")),
    }


@pytest.fixture
def clips(corpus, tmp_path) -> list[str]:
    """Names in the temporary folder of ten clips, one of them cut short and one without a sample."""
    files = [corpus / name.decode() for name in find_recordings(corpus)[::10]]
    copies = [Path(shutil.copyfile(file, tmp_path / f"{n}.wav")) for n, file in enumerate(files)]
    copies[3].write_bytes(copies[3].read_bytes()[:3000])
    copies[4].write_bytes(b"")
    return [copy.name for copy in copies]


def test_labels_go_by_name_whatever_their_order_and_front_end(runs, corpus):
    scorer = Scorer(convene([runs["turned"], runs["plain"]]))
    assert scorer.committee.labels == ("_silence_", "_unknown_", "no", "yes")
    names = [name.decode() for name in find_recordings(corpus)]
    heard = [verdict.scores.argmax(axis=1).tolist() for verdict in scorer.judge(corpus, names)]
    expected = {"bed": 1, "cat": 1, "no": 2, "yes": 3}
    assert heard == [[expected[Path(name).parts[0]]] * 2 for name in names]


def test_other_words_count_as_unknown(runs, corpus):
    scorer = Scorer(convene([runs["more"], runs["plain"]], ("yes",)))
    assert scorer.committee.labels == ("_silence_", "_unknown_", "yes")
    names = [f"{word}/speaker01_nohash_0.wav" for word in ("bed", "cat", "no", "yes")]
    assert [verdict.scores.argmax(axis=1).tolist() for verdict in scorer.judge(corpus, names)] == [
        [1, 1], [1, 1], [1, 1], [2, 2]
    ]  # fmt: skip


def test_from_any_start_the_scores_are_the_same_to_the_bit_and_faults_stay_where_they_are(
    runs, clips, tmp_path, monkeypatch
):
    monkeypatch.setattr(scoring, "_BLOCK_CLIPS", 4)
    scorer = Scorer(convene([runs["plain"], runs["deaf"]]))
    whole = list(scorer.judge(tmp_path, clips, with_tta=True))
    assert whole[3] == Fault("header announces 32000 bytes of samples, file holds 2956")
    assert whole[4] == Fault("file is empty (0 bytes)", is_empty=True)
    assert [isinstance(each, Fault) for each in whole].count(True) == 2
    for start in (1, 4, 6, len(clips)):
        rest = list(scorer.judge(tmp_path, clips, with_tta=True, start=start))
        for a, b in zip(rest, whole[start:], strict=True):
            assert a == b if isinstance(a, Fault) else np.array_equal(a.scores, b.scores)


def test_of_a_long_file_the_beginning_or_the_part_with_the_word(runs, corpus, tmp_path):
    scorer = Scorer(convene([runs["plain"]]))
    word = read_wav(corpus / "yes" / "speaker01_nohash_0.wav", 16000)
    late = np.concatenate([np.zeros(20000, np.int16), word])
    (tmp_path / "late.wav").write_bytes(encode_wav(late, 16000))
    labels = scorer.committee.labels
    for finds_word, expected in ((False, False), (True, True)):
        (heard,) = scorer.judge(tmp_path, ["late.wav"], finds_word=finds_word)
        assert heard.is_cut
        assert (labels[int(heard.scores[0].argmax())] == "yes") == expected


def test_augmented_scores_are_the_mean_over_the_variants(runs):
    scorer = Scorer(convene([runs["deaf"]]))
    audio = np.random.default_rng(1).normal(0, 0.3, (3, 16000)).astype(np.float32)
    expected = np.mean([scorer.scores(variant) for variant in variants(audio, True)], axis=0)
    np.testing.assert_allclose(scorer.scores(audio, with_tta=True), expected, rtol=1e-6)
    assert not np.allclose(scorer.scores(audio), expected, rtol=1e-3)


def test_runs_that_do_not_go_together(runs, tmp_path):
    with pytest.raises(UserError, match=r"more: its labels are .*bed, yes, no, those of .*plain .*yes, no; "):
        convene([runs["plain"], runs["more"]])
    with pytest.raises(UserError, match=r"plain: has the model of .*plain; expected each model once"):
        convene([runs["plain"], runs["plain"]])
    with pytest.raises(UserError, match=r"the model does not know bed"):
        convene([runs["more"], runs["plain"]], ("bed",))
    with pytest.raises(UserError, match=r"not a finished run folder"):
        convene([tmp_path])


def test_weights_have_the_least_log_loss():
    generator = np.random.default_rng(3)
    truth = generator.integers(0, 3, 400)
    good, other, noise = (
        np.exp(sharpness * np.eye(3)[truth] + generator.normal(0, 1, (400, 3))) for sharpness in (3, 3, 0)
    )
    scores = np.stack([each / each.sum(axis=1, keepdims=True) for each in (good, other, noise)])
    weights = fit_weights(scores, truth)
    assert weights.sum() == pytest.approx(1)
    assert weights.min() >= 0
    assert weights[:2].min() > 0.2 > 0.05 > weights[2]
    best = log_loss(np.tensordot(weights, scores, axes=1), truth)
    steps = np.linspace(0, 1, 41)
    grid = [(a, b, 1 - a - b) for a in steps for b in steps if a + b <= 1]
    assert best <= min(log_loss(np.tensordot(point, scores, axes=1), truth) for point in grid) + 1e-9


def test_a_member_that_is_sure_of_the_wrong_label_does_no_harm():
    truth = np.array([0, 1, 0, 1])
    right = np.eye(2)[truth] * 0.8 + 0.1
    assert fit_weights(np.stack([right, 1 - np.eye(2)[truth]]), truth)[0] == pytest.approx(1, abs=1e-6)


def ensemble(corpus: Path, out: Path, *arguments: object) -> None:
    invoke(ensemble_command, [*map(str, arguments), "--data", str(corpus), "--out", str(out)])


def test_an_ensemble_is_weighed_and_read_again(runs, corpus, tmp_path, capsys):
    out = tmp_path / "ensemble.json"
    ensemble(corpus, out, runs["deaf"], runs["turned"])
    assert str(out) in capsys.readouterr().out
    content = json.loads(out.read_text())
    assert content["testing"]["ensemble"]["accuracy"] == 1.0 > content["testing"]["deaf"]["accuracy"]
    assert set(content["testing"]) == {"deaf", "turned", "equal weights", "ensemble"}
    losses = content["validation_log_loss"]
    assert losses["ensemble"] <= min(losses.values()) + 1e-8
    found = read_ensemble(out)
    assert found.weights[1] > 0.9
    assert found.labels == tuple(content["labels"])
    with pytest.raises(UserError, match=r"holds an ensemble; add --overwrite"):
        ensemble(corpus, out, runs["deaf"], runs["turned"])
    ensemble(corpus, out, runs["plain"], runs["more"], "--as-words", "yes,no", "--overwrite")
    assert read_ensemble(out).words == ("yes", "no")


def test_bad_input(runs, corpus, tmp_path):
    with pytest.raises(UserError, match="one run alone is no ensemble"):
        ensemble(corpus, tmp_path / "e.json", runs["plain"])
    (tmp_path / "notes.json").write_text("buy milk")
    with pytest.raises(UserError, match=r"notes.json: not an ensemble \(.*; make one with"):
        read_ensemble(tmp_path / "notes.json")
    (tmp_path / "mine.json").write_text("[1]")
    with pytest.raises(UserError, match="exists and is no earlier ensemble"):
        ensemble(corpus, tmp_path / "mine.json", runs["plain"], runs["deaf"])
    with pytest.raises(UserError, match=r"mine.json: not an ensemble \(.*; make one with"):
        read_ensemble(tmp_path / "mine.json")
    with pytest.raises(UserError, match="there is no such file; make one with"):
        read_ensemble(tmp_path / "nowhere.json")
    members = [Path(shutil.copytree(runs[name], tmp_path / name)) for name in ("plain", "deaf")]
    ensemble(corpus, tmp_path / "e.json", *members)
    shutil.rmtree(members[1])
    write_run(members[1], gain=3.0)
    with pytest.raises(UserError, match=r"the model of .*deaf is another than the one its weight was chosen"):
        read_ensemble(tmp_path / "e.json")
