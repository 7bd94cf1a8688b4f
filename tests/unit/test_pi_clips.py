"""What a Raspberry Pi makes of a WAV file: read as training reads it, augmented, scored."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.remote import submission
from hil.remote.wav import WavError, decode_wav
from train import wav


def noise(number: int) -> np.ndarray:
    """(16000,) int16, loud enough for x 1.2 to leave the range of int16."""
    return wav.to_int16(
        np.clip(np.random.default_rng(number).normal(0, 0.4, 16000), -1, 1).astype(np.float32)
    )


GOOD = wav.encode_wav(noise(0), 16000)
BAD = {
    "not a wav": (b"ID3\x04 is an mp3 of some length", "unknown", "not a RIFF WAVE file"),
    "no bytes": (b"", "silence", "file is empty"),
    "no samples": (wav.encode_wav(noise(0)[:0], 16000), "silence", "no samples"),
    "rate": (wav.encode_wav(noise(0), 44100), "unknown", "44100 Hz, expected 16000 Hz"),
    "stereo": (GOOD[:22] + b"\2" + GOOD[23:], "unknown", "2 channels, expected mono"),
    "8 bit": (GOOD[:34] + b"\x08" + GOOD[35:], "unknown", "8-bit samples, expected 16-bit PCM"),
    "float": (GOOD[:20] + b"\3" + GOOD[21:], "unknown", "16-bit float samples"),
    "compressed": (GOOD[:20] + b"\x11" + GOOD[21:], "unknown", "format tag 0x0011"),
    "cut in the header": (GOOD[:30], "unknown", "format chunk has 10 bytes, needs 16"),
    "no data chunk": (GOOD[:36], "unknown", "ends after 36 bytes without a data chunk"),
    "cut in the samples": (GOOD[:-7], "unknown", "header announces 32000 bytes of samples, file holds 31993"),
    "half a sample": (GOOD[:40] + b"\5\0\0\0" + b"12345", "unknown", "half a sample too many"),
    "data before format": (GOOD[:12] + GOOD[36:], "unknown", "data chunk comes before the format chunk"),
}


@pytest.mark.parametrize("case", [*BAD, "good"])
def test_files_are_read_as_training_reads_them(case):
    assert_read_alike(GOOD if case == "good" else BAD[case][0])


@settings(max_examples=300, deadline=None)
@given(cut=st.integers(0, 60), flips=st.lists(st.tuples(st.integers(0, 59), st.integers(1, 255))))
def test_damaged_files_are_read_as_training_reads_them(cut, flips):
    damaged = bytearray(wav.encode_wav(np.arange(8, dtype=np.int16), 16000)[:cut])
    for place, mask in flips:
        if damaged:
            damaged[place % len(damaged)] ^= mask
    assert_read_alike(bytes(damaged))


def assert_read_alike(data: bytes) -> None:
    assert read_by(decode_wav, data) == read_by(wav.decode_wav, data)


def read_by(decode, data: bytes) -> tuple[object, ...]:
    """The samples, or what is wrong and whether that is a lack of sound."""
    try:
        return tuple(decode(data, 16000).tolist())
    except WavError as error:
        return str(error), error.is_empty
    except wav.WavError as error:
        return error.detail, error.kind in ("empty file", "no samples")


def test_scores_of_augmented_clips():
    """The graph is given the clip, the clip 1,500 samples earlier, and 1.2 x the clip, not clipped."""
    heard = []

    def run(inputs):
        heard.append((inputs[0][:, 0].copy(), int(inputs[1])))
        return [np.array([[0.5, 0.25 * len(heard)]], np.float32)]

    audio = np.linspace(-1, 1, 16000).astype(np.float32)
    scores = submission.score(SimpleNamespace(run=run), audio, True)
    np.testing.assert_allclose(scores, [0.5, 0.5])
    assert [rate for _, rate in heard] == [16000] * 3
    (clip, _), (earlier, _), (louder, _) = heard
    np.testing.assert_array_equal(clip, audio)
    np.testing.assert_array_equal(earlier[:14500], audio[1500:])
    np.testing.assert_array_equal(earlier[14500:], audio[:1500])
    np.testing.assert_allclose(louder, 1.2 * audio, rtol=1e-6)
    assert (louder.dtype, louder.max()) == (np.float32, np.float32(1.2))


def test_scores_that_are_no_numbers_are_a_fault(tmp_path):
    engine = SimpleNamespace(run=lambda inputs: [np.array([np.nan, 1.0])])
    (tmp_path / "x.wav").write_bytes(GOOD)
    answer = submission.judge(engine, os.fsencode(tmp_path / "x.wav"), False)
    assert answer == {"fault": "the graph's scores of it are not numbers", "is_empty": False}
