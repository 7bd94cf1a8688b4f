"""``earshot blend``: files of scores averaged by weights chosen on validation."""

import numpy as np
import pytest
from invoke import invoke

from train.commands import blend as blend_command
from train.core.errors import UserError
from train.evaluation.score_file import read_scores

LABELS = ("_silence_", "_unknown_", "yes", "no")
CLIPS = 400


def drawn(seed, sureness, truth):
    """Scores that are the surer of the truth the larger ``sureness``: (clips, labels) of shares."""
    logits = np.random.default_rng(seed).normal(size=(len(truth), len(LABELS)))
    logits[np.arange(len(truth)), truth] += sureness
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.fixture
def truth():
    return np.random.default_rng(1).integers(0, len(LABELS), CLIPS)


@pytest.fixture
def write(tmp_path, truth):
    """``write(name, scores)``: a file of scores, all of its arrays as they may be changed."""

    def written(name, scores, artefact="float", **changed):
        arrays = {
            "clip": np.array([f"yes/{number}.wav" for number in range(len(scores))]),
            "truth": np.array(LABELS)[truth],
            "labels": np.array(LABELS),
            artefact: scores,
        }
        arrays |= changed
        path = tmp_path / name
        np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
        return str(path)

    return written


def test_the_average_is_better_than_either_and_weighs_the_better_one_more(write, truth, tmp_path, capsys):
    good, weak = drawn(2, 2.0, truth), drawn(3, 1.5, truth)
    out = tmp_path / "blend.npz"
    invoke(blend_command, [write("good.npz", good), write("weak.npz", weak), "--out", str(out)])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    (weight_good, loss_good), (weight_weak, loss_weak), (_, loss) = (
        (float(line[0]), float(line[1]))
        for line in lines
        if len(line) > 2 and line[0].startswith(("0.", "1."))
    )
    assert weight_good > weight_weak > 0
    assert loss < loss_good < loss_weak
    blend = read_scores(out)
    np.testing.assert_allclose(blend.scores, weight_good * good + weight_weak * weak, atol=1e-3)
    np.testing.assert_array_equal(blend.truth, truth)


def test_clips_and_labels_go_by_name(write, truth, tmp_path):
    """A file whose rows and columns stand in another order, raw int8, gives the same average."""
    own, other = drawn(2, 2.0, truth), drawn(3, 2.0, truth)
    raw = np.round(other * 256 - 128).clip(-128, 127).astype(np.int8)
    rows, columns = np.random.default_rng(4).permutation(CLIPS), [2, 0, 3, 1]
    clips = np.array([f"yes/{number}.wav" for number in range(CLIPS)])
    first, straight = write("a.npz", own), write("b.npz", raw, "int8")
    turned = write(
        "c.npz", raw[rows][:, columns], "int8",
        clip=clips[rows], truth=np.array(LABELS)[truth][rows], labels=np.array(LABELS)[columns],
    )  # fmt: skip
    blends = []
    for name, second in (("straight.npz", straight), ("turned.npz", turned)):
        invoke(blend_command, [first, second, "--out", str(tmp_path / name)])
        blends.append(read_scores(tmp_path / name))
    np.testing.assert_allclose(blends[0].scores, blends[1].scores, atol=1e-7)
    assert blends[0].scores.sum(axis=1) == pytest.approx(1, abs=0.01)


def test_weights_chosen_by_few_clips_are_told(write, truth, tmp_path, capsys):
    few = {"clip": np.array([f"{n}.wav" for n in range(40)]), "truth": np.array(LABELS)[truth[:40]]}
    files = [write(f"{n}.npz", drawn(n, 2.0, truth[:40]), **few) for n in (2, 3)]
    invoke(blend_command, [*files, "--out", str(tmp_path / "blend.npz")])
    rarest = np.bincount(truth[:40], minlength=len(LABELS))
    said = f"only {rarest.min()} validation clips of {LABELS[rarest.argmin()]}"
    assert said in capsys.readouterr().err
    many = [write(f"{n}.npz", drawn(n, 2.0, truth)) for n in (4, 5)]
    invoke(blend_command, [*many, "--out", str(tmp_path / "other.npz")])
    assert "validation clips of" not in capsys.readouterr().err


def test_weights_of_validation_apply_to_clips_without_truth(write, truth, tmp_path):
    validation = [write("a.npz", drawn(2, 2.0, truth)), write("b.npz", drawn(3, 1.7, truth))]
    new = np.array([f"clip_{number}.wav" for number in range(3)])
    scores = [np.full((3, 4), 0.25), np.eye(4)[:3]]
    applied = [write(f"new{number}.npz", own, clip=new, truth=None) for number, own in enumerate(scores)]
    out = tmp_path / "blend.npz"
    invoke(blend_command, [*validation, "--apply", *applied, "--out", str(out)])
    blend = read_scores(out)
    assert blend.truth is None
    assert blend.clips == tuple(new)
    share = blend.scores[0, 1] * 4  # the weight of the first, as the second gives this label nothing
    assert 0.5 < share < 1
    np.testing.assert_allclose(blend.scores, share * scores[0] + (1 - share) * scores[1], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"clip": np.array([f"no/{n}.wav" for n in range(CLIPS)])},
            "has other clips than .*a.npz: no/0.wav, ",
        ),
        ({"labels": np.array(["_silence_", "_unknown_", "yes", "go"]), "truth": None}, "has other labels"),
        ({"truth": np.array(["up"] * CLIPS)}, "among them up; expected one of _silence_, _unknown_, yes, no"),
        ({"clip": np.array(["a.wav"] * CLIPS)}, "names the clip a.wav twice"),
        ({"float": np.full((CLIPS, 4), np.nan)}, "its scores are nan to nan; expected shares of 1"),
        ({"float": np.full((CLIPS, 4), 7.0)}, "its scores are 7 to 7; expected shares of 1"),
        ({"float": np.full((CLIPS, 3), 0.3)}, r"scores of shape \(400, 3\); expected a row for each clip"),
        (
            {"float": None},
            "holds clip, labels, truth; expected clip, labels and one of float, graphdef, int8",
        ),
    ],
)
def test_files_that_do_not_fit_are_refused(write, truth, tmp_path, change, message):
    first = write("a.npz", drawn(2, 2.0, truth))
    second = write("b.npz", drawn(3, 2.0, truth), **change)
    with pytest.raises(UserError, match=message):
        invoke(blend_command, [first, second, "--out", str(tmp_path / "blend.npz")])
    assert not (tmp_path / "blend.npz").exists()


def test_flags_that_do_not_fit_are_refused(write, truth, tmp_path):
    first, second = (write(f"{name}.npz", drawn(2, 2.0, truth)) for name in "ab")
    blind = write("blind.npz", drawn(2, 2.0, truth), truth=None)
    other = tmp_path / "notes.npz"
    other.write_text("mine")
    out = str(tmp_path / "blend.npz")
    for flags, message in (
        ([first, "--out", out], "one file alone is nothing to average"),
        ([first, first, "--out", out], "is named twice"),
        ([first, second, "--apply", first, "--out", out], "--apply names 1 files, expected 2"),
        ([first, second, "--out", first], "is one of the files to average"),
        ([first, second, "--out", str(tmp_path / "blend.txt")], r"expected a name that ends in \.npz"),
        ([first, second, "--out", str(other)], "exists and is no file of scores"),
        ([blind, second, "--out", out], "has no truth"),
        (
            [first, str(tmp_path / "gone.npz"), "--out", out],
            "not there; such a file is made by: earshot",
        ),
        ([first, str(other), "--out", out], "no file of scores"),
    ):
        with pytest.raises(UserError, match=message):
            invoke(blend_command, flags)
    invoke(blend_command, [first, second, "--out", out])
    with pytest.raises(UserError, match="holds a file of scores; add --overwrite to replace it"):
        invoke(blend_command, [first, second, "--out", out])
    invoke(blend_command, [second, first, "--out", out, "--overwrite"])
    assert other.read_text() == "mine"
