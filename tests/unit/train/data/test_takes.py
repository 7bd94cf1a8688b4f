"""What the takes of a job change about its settings: how long it listens at a time, how long it learns."""

import numpy as np
import pytest

from train.core.errors import UserError
from train.data.takes import takes_of, with_fitting_steps, with_whole_words
from train.settings.job import ExtraData, Job

TONE = (3000 * np.sin(np.arange(16000) / 5)).astype(np.int16)


def test_clips_are_as_long_as_the_words_of_the_takes(write_corpus, capsys):
    """Of phrases the network hears more at a time; short words and one long recording change nothing."""
    quiet = np.random.default_rng(1).normal(0, 20, 32000).astype(np.int16)
    phrase, word = quiet.copy(), quiet.copy()
    phrase[4000:24000] += TONE[np.arange(20000) % len(TONE)]  # 1.25 s
    word[4000:14000] += TONE[:10000]
    root = write_corpus({f"lampe_an/anna {take}.wav": phrase + take for take in range(10)})
    write_corpus({f"aus/anna {take}.wav": word + take for take in range(10)})
    job = Job(("lampe an", "aus"), data=str(root))
    assert with_whole_words(job, takes_of(job)).front_end.clip_duration_ms == 1400
    assert f"words of {root} take more than 1000 ms: the network hears 1400 ms" in capsys.readouterr().err
    short = Job(("aus",), data=str(root))
    assert with_whole_words(short, takes_of(short)) == short
    assert with_whole_words(Job(("aus",)), takes_of(Job(("aus",)))) == Job(("aus",))
    with pytest.raises(UserError, match="nowhere: there is no such folder"):
        with_whole_words(Job(("aus",), data="nowhere"), takes_of(Job(("aus",), data="nowhere")))


@pytest.mark.parametrize(("count", "steps"), [(5, 300), (30, 800)])
def test_few_takes_are_learned_for_fewer_steps(count, steps, write_corpus, capsys):
    names = [f"{word}/anna {take}.wav" for word in ("yes", "no", "apple") for take in range(count)]
    root = write_corpus({name: TONE - index for index, name in enumerate(names)})
    job = Job(("yes", "no"), data=str(root), preset="best")
    assert with_fitting_steps(job, takes_of(job)).recipe == job.recipe.changed(training_steps=(steps,))
    said = capsys.readouterr().err
    assert f"{root} has {count} recordings of a word: {steps} steps" in said
    assert f"(--training-steps {steps})" in said


@pytest.mark.parametrize("data", ["synthetic", None])
def test_voices_alone_are_learned_for_fewer_steps(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path))
    job = Job(("yes",), data=data, preset="best")
    assert with_fitting_steps(job, takes_of(job)).recipe.total_steps == 1000 < job.recipe.total_steps
    assert "synthetic voices alone: 1000 steps" in capsys.readouterr().err


def test_what_has_its_steps_keeps_them(write_corpus, tmp_path):
    root = write_corpus({f"yes/anna {take}.wav": TONE - take for take in range(5)})
    short = Job(("yes",), preset="best").recipe.changed(training_steps=(200,))
    for job in (
        Job(("yes",), data=str(root)),  # of the original
        Job(("yes",), data=str(root), preset="best", recipe=short),
        Job(("yes",), data="synthetic"),
        Job(("yes",), data="synthetic", preset="best", extra_data=(ExtraData(str(root), 0.3),)),
        Job(("yes",), data="bank.npz", preset="best"),
    ):
        assert with_fitting_steps(job, takes_of(job)) == job
