"""A detector hears what the interpreter hears, in any pieces, beside others, and says what it cannot take."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from live_sounds import EAGER, noisy
from numpy.typing import NDArray

from hil.live import Detection, Detector
from hil.live.engine import COMPILED_C, INTERPRETER
from hil.live.model import newest_run
from train.core.errors import UserError
from train.core.operating_point import INFERENCE_STRIDE_ROWS, OperatingPoint
from train.core.spec import FrontEnd
from train.detection.reference_listener import recognize, stream_scores
from train.tflite.tflm import int8_model


@pytest.fixture(params=[COMPILED_C, INTERPRETER])
def detector(
    request: pytest.FixtureRequest, live_run: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Detector]:
    if request.param == INTERPRETER:
        monkeypatch.setenv("CC", "no-such-compiler")
    with Detector.load(live_run, EAGER) as loaded:
        assert loaded.engine == request.param
        yield loaded


def pieces(samples: NDArray[np.int16], lengths: tuple[int, ...]) -> Iterator[NDArray[np.int16]]:
    place = number = 0
    while place < len(samples):
        length = lengths[number % len(lengths)]
        yield samples[place : place + length]
        place, number = place + length, number + 1


def test_it_hears_what_the_reference_hears(detector: Detector, live_run: Path) -> None:
    samples = noisy(6.0, seed=2)
    model = int8_model((live_run / "model.tflite").read_bytes(), "model")
    scores, times_ms = stream_scores(model.run, samples, FrontEnd(), INFERENCE_STRIDE_ROWS)
    expected = [
        Detection(heard.time_ms, heard.label, detector.labels[heard.label], heard.score, 0)
        for heard in recognize(scores, times_ms, EAGER)
    ]
    assert len(expected) > 3, "a test without detections would prove nothing"
    inferences = detector.listen(samples)
    assert [found.detection for found in inferences if found.detection] == expected
    assert [found.time_ms for found in inferences] == times_ms
    assert np.array_equal([found.scores for found in inferences], scores.astype(int) + 128)
    assert tuple(detector.scores.values()) == inferences[-1].scores
    assert tuple(detector.means.values()) == inferences[-1].means


@pytest.mark.parametrize("lengths", [(1, 479, 5000), (800,), (100_000,)])
def test_pieces_make_no_difference(detector: Detector, lengths: tuple[int, ...]) -> None:
    samples = noisy(4.0, seed=3)
    whole = detector.push(samples)
    detector.reset()
    assert detector.scores == dict.fromkeys(detector.labels, 0)
    assert [found for piece in pieces(samples, lengths) for found in detector.push(piece)] == whole
    detector.reset()
    assert detector.push((samples / 32768).astype(np.float32)) == whole


def test_several_at_once_do_not_disturb_each_other(live_run: Path) -> None:
    sounds = [noisy(3.0, seed) for seed in (4, 5, 6)]
    with Detector.load(live_run, EAGER) as alone:
        expected = []
        for sound in sounds:
            alone.reset()
            expected.append(alone.push(sound))
    assert len({str(found) for found in expected}) == 3
    together = [Detector.load(live_run / "model.tflite", EAGER) for _ in sounds]
    heard: list[list[Detection]] = [[] for _ in sounds]
    for place in range(0, len(sounds[0]), 1000):
        for found, one, sound in zip(heard, together, sounds, strict=True):
            found += one.push(sound[place : place + 1000])
    for one in together:
        one.close()
    assert heard == expected


def test_the_point_in_force_is_used_unless_another_is_given(live_run: Path) -> None:
    with Detector.load(str(live_run)) as detector:
        assert detector.point.thresholds == (200,) * 4
        assert detector.labels == ("_silence_", "_unknown_", "yes", "größe")
        assert detector.sample_rate_hz == 16000
    deaf = OperatingPoint(300, 400, 2, (255,) * 4)
    with Detector.load(live_run, deaf) as detector:
        assert detector.push(noisy(3.0, seed=2)) == []
    with pytest.raises(UserError, match="has 3 thresholds, expected 4, one for each label"):
        Detector.load(live_run, OperatingPoint(300, 400, 2, (200,) * 3))


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((10, 2), np.int16), r"are \(10, 2\), expected \(n,\): one channel"),
        (np.zeros(10, np.int32), "are int32, expected int16, or float32"),
        (np.zeros(10, np.uint8), "are uint8, expected"),
    ],
)
def test_samples_of_another_kind(live_run: Path, samples: NDArray[np.int16], message: str) -> None:
    with Detector.load(live_run) as detector, pytest.raises(ValueError, match=message):
        detector.push(samples)


def test_what_is_no_run(live_run: Path, tmp_path: Path) -> None:
    foreign = Path(shutil.copy(live_run / "model.tflite", tmp_path / "other.tflite"))
    for place, message in (
        (foreign, "is no model.tflite with a spec.json beside it; a model alone does not say its labels"),
        (tmp_path, "no spec.json there, so this is not a finished run folder"),
        (tmp_path / "nothing", "no spec.json there"),
        (live_run / "spec.json", "is no model.tflite with"),
        (next((live_run / "clips").glob("*.wav")), "is a recording, expected a run folder; .* --wav "),
    ):
        with pytest.raises(UserError, match=message):
            Detector.load(place)


def test_the_newest_run_is_found(live_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no finished run, and none was named"):
        newest_run(tmp_path)
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        for file in ("model.tflite", "spec.json"):
            (tmp_path / name / file).write_bytes((live_run / file).read_bytes())
    (tmp_path / "unfinished").mkdir()
    assert newest_run(tmp_path) == tmp_path / "a"


def test_changed_c_is_not_run(live_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = shutil.copytree(live_run, tmp_path / "run")
    (run / "c" / "engine.c").write_text("int x;\n")
    with Detector.load(run) as detector:
        assert detector.engine == INTERPRETER
    said = capsys.readouterr().err.replace("\n", " ")
    assert "engine.c: is not as earshot codegen wrote it; make it with: earshot codegen" in said
    assert "until then the TFLite-Micro interpreter runs the model" in said


def test_a_library_is_kept(live_run: Path) -> None:
    with Detector.load(live_run):
        before = {path: path.stat().st_mtime_ns for path in (live_run / "firmware" / "live").iterdir()}
    with Detector.load(live_run):
        pass
    assert len(before) == 1
    assert {path: path.stat().st_mtime_ns for path in (live_run / "firmware" / "live").iterdir()} == before
