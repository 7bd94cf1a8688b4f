import numpy as np
import pytest

from codegen.export.micro_speech.front_end import preprocessor
from train.audio import frontend, wav
from train.core.spec import FrontEnd
from train.tflite.tflm import TflmModel

FRONT_END = FrontEnd("micro")
_RNG = np.random.default_rng(3)
_TIMES = np.arange(FRONT_END.clip_samples)


def _noise(amplitude: int) -> np.ndarray:
    return _RNG.integers(-amplitude, amplitude + 1, FRONT_END.clip_samples)


CLIPS = {
    "silence": np.zeros(FRONT_END.clip_samples),
    "least noise": _noise(1),
    "noise": _noise(500),
    "loud then quiet": np.where(_TIMES < 8000, _noise(32767), _noise(3)),
    "square": np.where(_TIMES // 20 % 2, 32767, -32768),
    "clicks": np.where(_TIMES % 1000 == 0, 32767, 0),
    "tone": 20000 * np.sin(2 * np.pi * 440 * _TIMES / FRONT_END.sample_rate_hz),
}


@pytest.fixture(scope="module")
def tflite() -> bytes:
    return preprocessor(FRONT_END)


@pytest.mark.parametrize("name", CLIPS)
def test_signal_operators_give_our_features(name: str, tflite: bytes) -> None:
    samples = CLIPS[name].astype(np.int16)
    windows = np.lib.stride_tricks.sliding_window_view(samples, FRONT_END.window_samples)
    windows = windows[:: FRONT_END.stride_samples]
    rows = TflmModel(tflite, "preprocessor", arena_bytes=16384).run(windows)  # a new one: no noise is known
    steps = frontend.wav_features(wav.to_float(samples[np.newaxis]), FRONT_END)
    np.testing.assert_array_equal(rows, frontend.model_input(steps, FRONT_END)[0].reshape(49, 40))


def test_ends_are_those_of_upstream(tflite: bytes) -> None:
    model = TflmModel(tflite, "preprocessor", arena_bytes=16384)
    ends = [(end.batch_shape, end.dtype.name) for end in (*model.inputs, *model.outputs)]
    assert ends == [((1, 480), "int16"), ((40,), "int8")]
