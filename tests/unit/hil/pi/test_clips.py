"""What a Raspberry Pi makes of a WAV file: read as training reads it, augmented, scored."""

import os
import struct
from types import SimpleNamespace

import numpy as np
import pytest
from bad_clips import BAD, GOOD
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.pi.remote import submission
from hil.pi.remote.wav import WavError, decode_wav
from train.audio import wav

# Sizes that streams and stopped recorders write, and an odd chunk without its padding byte.
REPAIRED = {
    **{
        f"size {size:#x}": GOOD[:40] + struct.pack("<I", size) + GOOD[44:]
        for size in (0, 0x80000000, 0xFFFFFFFF)
    },
    "no padding": GOOD[:36] + b"LIST\5\0\0\0abcde" + GOOD[36:],
    "64 bit": b"RF64" + GOOD[4:],
}


@pytest.mark.parametrize("case", [*BAD, "good"])
def test_files_are_read_as_training_reads_them(case):
    assert_read_alike(GOOD if case == "good" else BAD[case][0])


@pytest.mark.parametrize("case", REPAIRED)
def test_headers_are_repaired_as_in_training(case):
    assert_read_alike(REPAIRED[case])
    assert np.array_equal(decode_wav(REPAIRED[case], 16000), wav.decode_wav(GOOD, 16000))


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
