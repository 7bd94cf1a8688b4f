"""A stream of people who talk: who talks when, and music half of the time."""

from types import SimpleNamespace

import numpy as np

from train.audio.wav import encode_wav
from train.core.spec import FrontEnd
from train.detection.labelled_stream import StreamSettings
from train.detection.running_speech import make_speech_stream

RATE_HZ = 16000


class Quiet:
    """Background without a sound."""

    def background(self, split: str, generator: np.random.Generator, samples: int) -> np.ndarray:
        return np.zeros(samples, np.float32)


def test_music_plays_half_of_the_time_and_each_recording_is_told(tmp_path):
    paths = []
    for number in range(3):
        path = tmp_path / f"{number}.wav"
        path.write_bytes(encode_wav(np.full(RATE_HZ, 8000, np.int16), RATE_HZ))
        paths.append(path)
    spec = SimpleNamespace(front_end=FrontEnd())
    stream = make_speech_stream(Quiet(), "testing", paths, spec, StreamSettings(minutes=4.5, seed=3))
    assert len(stream.samples) == 270 * RATE_HZ
    assert sorted({turn.source for turn in stream.words[:3]}) == ["0.wav", "1.wav", "2.wav"]
    is_quiet = np.ones(len(stream.samples), bool)
    for turn in stream.words:
        is_quiet[int(turn.start_ms * RATE_HZ / 1000) : int(turn.end_ms * RATE_HZ / 1000) + 1] = False
    loudness = [
        np.abs(
            stream.samples[first * RATE_HZ : (first + 20) * RATE_HZ][
                is_quiet[first * RATE_HZ : (first + 20) * RATE_HZ]
            ]
        ).mean()
        for first in (0, 90, 150, 245)
    ]
    assert loudness[0] == loudness[1] == loudness[3] == 0
    assert loudness[2] > 50
