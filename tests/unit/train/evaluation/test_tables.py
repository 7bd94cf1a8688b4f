"""What a command leaves on the terminal."""

import pytest

from train.core.results.accuracy import Accuracy, ClassFigures
from train.evaluation.tables import print_results

LABELS = ("_silence_", "_unknown_", "bed", "cat", "happy")


@pytest.mark.parametrize(("columns", "labels", "has_matrix"), [(80, 5, False), (110, 5, True), (80, 3, True)])
def test_what_was_said_is_shown_where_it_fits_whole(columns, labels, has_matrix, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    said = LABELS[:labels]
    result = Accuracy(
        accuracy=1.0,
        interval=(0.9, 1.0),
        correct=1234 * labels,
        clips=1234 * labels,
        per_class=tuple(
            ClassFigures(label=label, clips=1234, recall=1.0, precision=1.0, f1=1.0) for label in said
        ),
        confusion=((1234,) * labels,) * labels,
    )
    print_results({"model.tflite": result}, said)
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert ("and what it said" in shown) == has_matrix
    assert all(label in shown for label in said)
