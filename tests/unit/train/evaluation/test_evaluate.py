"""One yardstick for the three artefacts, and the clips that are kept for tests and for listening."""

from pathlib import Path

import numpy as np
import pytest

from quantize.stage import quantize
from train import architectures
from train.audio.frontend import wav_features
from train.audio.wav import read_wav, to_int16
from train.core import runfolder
from train.core.errors import UserError
from train.core.results.training import ClipList, MistakeList, OtherInterpreter
from train.core.spec import FrontEnd, ModelSpec, labels_for
from train.data.corpus import Clip
from train.data.dataset import Example, Split
from train.evaluation.evaluate import ARTEFACTS, Evaluation, evaluate, write_clips
from train.graphdef.freeze import freeze

FRONT_END = FrontEnd()
LABELS = labels_for(("yes", "no"))
SPEC = ModelSpec(LABELS)


def make_split(labels: list[int]) -> Split:
    """A split of clips that need no files: their audio is given beside it."""
    examples = []
    for number, label in enumerate(labels):
        name = f"{LABELS[label]}/clip{number}.wav"
        clip = Clip(Path(name), name, LABELS[label], "testing", 16000, "") if label else None
        examples.append(Example(clip, label))
    return Split("testing", tuple(examples))


def make_audio(clips: int) -> np.ndarray:
    """(clips, 16000) float32 tones, each of another pitch."""
    seconds = np.arange(16000) / 16000
    pitches_hz = 300 + 170 * np.arange(clips)
    return (0.05 * np.sin(2 * np.pi * pitches_hz[:, np.newaxis] * seconds)).astype(np.float32)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run folder whose model has random weights and tells the tones apart."""
    run = tmp_path_factory.mktemp("run")
    model = architectures.build("tiny_conv", FRONT_END, len(LABELS), 0.5, seed=1)
    generator = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(generator.normal(0, 0.1, weight.shape))
    model.save(run / runfolder.KERAS)
    (run / runfolder.GRAPHDEF).write_bytes(freeze(model, FRONT_END))
    np.save(run / runfolder.CALIBRATION, wav_features(make_audio(16), FRONT_END))
    artefacts = [runfolder.KERAS, runfolder.GRAPHDEF, runfolder.CALIBRATION]
    runfolder.write_spec(run, SPEC, artefacts)
    quantize(run)
    return run


@pytest.fixture(scope="module")
def evaluation(run) -> Evaluation:
    return evaluate(run, make_split([0, 1, 2, 3] * 6), make_audio(24))


def test_each_artefact_is_scored_on_each_clip(evaluation):
    assert set(evaluation.results) == set(evaluation.scores) == set(ARTEFACTS)
    assert [scores.dtype for scores in evaluation.scores.values()] == [np.float32, np.float32, np.int8]
    for kind, result in evaluation.results.items():
        scores = evaluation.scores[kind]
        assert scores.shape == (24, 4)
        assert len(set(scores.argmax(axis=1))) > 1, "the test must not be blind to its inputs"
        right = int((scores.argmax(axis=1) == np.tile([0, 1, 2, 3], 6)).sum())
        assert (result.correct, result.clips) == (right, 24)
        assert result.artefact == ARTEFACTS[kind]
        assert np.sum(result.confusion, axis=1).tolist() == [6, 6, 6, 6], "rows are true labels"


def test_the_artefacts_agree_as_far_as_they_are_equal(evaluation):
    assert evaluation.results["graphdef"].max_score_difference < 1e-5
    int8 = (evaluation.scores["int8"] + 128.0) / 256
    assert np.abs(int8 - evaluation.scores["float"]).mean() < 0.05


def test_what_tensorflows_own_interpreter_gives_otherwise_is_counted(run, monkeypatch):
    """Made to differ on two clips of five, by 3 at most."""
    from train.evaluation import evaluate as module

    def off(tflite, inputs):
        scores = real(tflite, inputs).astype(np.int16)
        scores[1, 0] += 1 if scores[1, 0] < 0 else -1
        scores[4, 2] += 3 if scores[4, 2] < 0 else -3
        return scores.astype(np.int8)

    real = module.tensorflow_scores
    monkeypatch.setattr(module, "tensorflow_scores", off)
    result = evaluate(run, make_split([2] * 5), make_audio(5), ("int8",)).results["int8"]
    assert result.tensorflow_interpreter == OtherInterpreter(clips=5, differing=2, max_difference=3)


def test_only_what_is_asked_for_is_needed(run, tmp_path):
    for name in (runfolder.SPEC, runfolder.TFLITE):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    result = evaluate(tmp_path, make_split([2, 3]), make_audio(2), ("int8",))
    assert set(result.results) == {"int8"}
    with pytest.raises(UserError, match=r"model\.pb: missing"):
        evaluate(tmp_path, make_split([2, 3]), make_audio(2), ("graphdef",))


def test_an_artefact_of_another_run_is_refused(run, tmp_path):
    for name in (runfolder.SPEC, runfolder.GRAPHDEF):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    (tmp_path / runfolder.GRAPHDEF).write_bytes(b"another graph")
    with pytest.raises(UserError, match=r"model\.pb: does not belong to .*spec\.json"):
        evaluate(tmp_path, make_split([2]), make_audio(1), ("graphdef",))


def test_no_clips_is_a_clear_error(run):
    with pytest.raises(UserError, match="there is no testing clip to score"):
        evaluate(run, make_split([]), make_audio(0))


def with_predictions(truth: list[int], predicted: list[int], margins: list[int]) -> Evaluation:
    """An evaluation in which the int8 model says what the test wants, as surely as it wants."""
    scores = np.full((len(truth), 4), -128, np.int8)
    scores[np.arange(len(truth)), predicted] = margins
    return Evaluation(np.array(truth), {"int8": scores}, {})


def test_clips_and_mistakes_are_kept(tmp_path):
    truth = [2, 2, 2, 3, 3, 1]
    predicted = [3, 2, 2, 3, 0, 2]
    audio = make_audio(6)
    write_clips(
        tmp_path, SPEC, make_split(truth), audio, with_predictions(truth, predicted, [50, 9, 9, 9, 100, -3])
    )
    clips = ClipList.read(tmp_path / "clips" / "clips.json").clips
    assert [(clip.file, clip.source) for clip in clips] == [
        ("_unknown__0.wav", "_unknown_/clip5.wav"),  # wrong, but there is no other
        ("yes_0.wav", "yes/clip1.wav"),  # those that the model has right come first
        ("yes_1.wav", "yes/clip2.wav"),
        ("no_0.wav", "no/clip3.wav"),
        ("no_1.wav", "no/clip4.wav"),
    ]
    mistakes = MistakeList.read(tmp_path / "mistakes" / "mistakes.json").mistakes
    assert [(m.file, m.label, m.predicted, m.score) for m in mistakes] == [
        ("001.wav", "no", "_silence_", 100),  # the surest mistake is the worst
        ("002.wav", "yes", "no", 50),
        ("003.wav", "_unknown_", "yes", -3),
    ]
    for folder, entries in (("clips", clips), ("mistakes", mistakes)):
        for entry in entries:
            number = int(entry.source.split("clip")[1].removesuffix(".wav"))
            found = read_wav(tmp_path / folder / entry.file, 16000)
            assert np.array_equal(found, to_int16(audio[number]))


def test_a_model_without_mistakes_leaves_an_empty_list(tmp_path):
    write_clips(tmp_path, SPEC, make_split([0, 2]), make_audio(2), with_predictions([0, 2], [0, 2], [9, 9]))
    assert MistakeList.read(tmp_path / "mistakes" / "mistakes.json").mistakes == ()
    clips = ClipList.read(tmp_path / "clips" / "clips.json").clips
    assert [(clip.label, clip.source) for clip in clips] == [
        ("_silence_", "background noise"),
        ("yes", "yes/clip1.wav"),
    ]
