"""A submission by TensorFlow and by NumPy alone: the same labels, which are those of ``model.keras``."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
from parity.test_graphdef import FRONT_END, synthetic_clips
from spread_models import keras_scores, spread_model

from hil import __main__ as hil
from train.audio.wav import encode_wav, to_float, to_int16
from train.graphdef.freeze import freeze

LABELS = ("silence", "unknown", "yes", "no")


def submit(monkeypatch, folder: Path, engine: str) -> list[str]:
    out = folder / f"{engine}.csv"
    flags = ["--local", "--submission", folder / "clips", "--out", out, "--engine", engine]
    monkeypatch.setattr(sys, "argv", ["hil", "pi", *map(str, [folder / "model.pb", *flags])])
    hil.main()
    with out.open(newline="") as file:
        return [label for _, label in list(csv.reader(file))[1:]]


@pytest.mark.slow
def test_labels_are_those_of_keras_on_either_engine(monkeypatch, tmp_path, capsys):
    clips = synthetic_clips()
    clips = np.concatenate([clips, 0.3 * clips[1:]])  # 23
    samples = [to_int16(clip) for clip in clips]
    audio = np.stack([to_float(clip) for clip in samples])
    model = spread_model("tiny_conv", audio)
    (tmp_path / "model.pb").write_bytes(freeze(model, FRONT_END))
    (tmp_path / "labels.txt").write_text("_silence_\n_unknown_\nyes\nno\n")
    (tmp_path / "clips").mkdir()
    for number, clip in enumerate(samples):
        (tmp_path / "clips" / f"{number:02}.wav").write_bytes(encode_wav(clip, FRONT_END.sample_rate_hz))
    expected = [LABELS[best] for best in keras_scores(model, audio).argmax(axis=1)]
    assert len(set(expected)) > 2
    assert submit(monkeypatch, tmp_path, "tensorflow") == expected
    assert submit(monkeypatch, tmp_path, "numpy") == expected
    said = capsys.readouterr().out
    assert "TensorFlow 2." in said
    assert "NumPy 2." in said
