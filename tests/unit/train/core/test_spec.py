"""Front end, labels and model spec: derived sizes, validation, JSON."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.core.errors import UserError
from train.core.spec import FRONT_ENDS, FrontEnd, ModelSpec, labels_for


@pytest.mark.parametrize(
    ("settings", "window", "stride", "fft", "fft_bins", "average", "frames", "bins"),
    [
        ({}, 480, 320, 512, 257, 6, 49, 43),
        ({"window_stride_ms": 10}, 480, 160, 512, 257, 6, 98, 43),
        ({"window_size_ms": 20, "window_stride_ms": 10}, 320, 160, 512, 257, 6, 99, 43),
        ({"window_size_ms": 32}, 512, 320, 512, 257, 6, 49, 43),  # exactly a power of two
        ({"window_size_ms": 33}, 528, 320, 1024, 513, 12, 49, 43),
        ({"sample_rate_hz": 8000}, 240, 160, 256, 129, 3, 49, 43),
        ({"sample_rate_hz": 44100}, 1323, 882, 2048, 1025, 25, 49, 41),
        ({"feature_bin_count": 257}, 480, 320, 512, 257, 1, 49, 257),
        ({"feature_bin_count": 1}, 480, 320, 512, 257, 257, 49, 1),
        ({"clip_duration_ms": 30}, 480, 320, 512, 257, 6, 1, 43),
        ({"clip_duration_ms": 49}, 480, 320, 512, 257, 6, 1, 43),  # one millisecond short of a second frame
        ({"clip_duration_ms": 50}, 480, 320, 512, 257, 6, 2, 43),
    ],
)
def test_derived_sizes(settings, window, stride, fft, fft_bins, average, frames, bins):
    front_end = FrontEnd(**settings)
    assert (front_end.window_samples, front_end.stride_samples) == (window, stride)
    assert (front_end.fft_length, front_end.fft_bins) == (fft, fft_bins)
    assert (front_end.bins_per_average, front_end.frames, front_end.bins) == (average, frames, bins)
    assert front_end.feature_count == frames * bins


@given(
    sample_rate_hz=st.integers(4000, 48000),
    clip_duration_ms=st.integers(100, 3000),
    window_size_ms=st.integers(1, 100),
    window_stride_ms=st.integers(1, 100),
    feature_bin_count=st.integers(1, 3),  # the smallest window has three bins
)
def test_derived_sizes_follow_the_original_s_formulas(**settings):
    front_end = FrontEnd(**settings)
    window = int(settings["sample_rate_hz"] * settings["window_size_ms"] / 1000)
    stride = int(settings["sample_rate_hz"] * settings["window_stride_ms"] / 1000)
    desired = int(settings["sample_rate_hz"] * settings["clip_duration_ms"] / 1000)
    bins = 1 + 2 ** (window - 1).bit_length() / 2
    average = int(bins // settings["feature_bin_count"])
    assert front_end.frames == 1 + int((desired - window) / stride)
    assert front_end.bins == -int(-bins // average)


def test_scale_of_the_features():
    front_end = FrontEnd()
    assert front_end.feature_scale == 0.5
    assert front_end.input_zero_point == -128
    assert front_end.feature_count == 2107


@pytest.mark.parametrize(
    ("name", "scale", "bins"),
    [
        ("average", 0.5, 43),
        ("log", 0.125, 43),
        ("log_mel", 0.1 / math.log(2), 40),
        ("pcan", 1 / 64, 40),
        ("micro", 26 / 256, 40),
    ],
)
def test_scale_of_every_front_end(name, scale, bins):
    front_end = FrontEnd(name)
    assert front_end.feature_scale == pytest.approx(scale, rel=2e-5)
    assert front_end.feature_max == 255 * front_end.feature_scale
    assert front_end.bins == bins
    # A .tflite keeps the range in float32 and works the step out from it.
    lowest, highest = np.float32(front_end.feature_min), np.float32(front_end.feature_max)
    assert float((highest - lowest) / np.float32(255)) == front_end.feature_scale


def test_front_ends_of_no_board():
    mfcc, raw = FrontEnd("mfcc", window_stride_ms=10), FrontEnd("raw")
    assert (mfcc.frames, mfcc.bins, mfcc.feature_bytes) == (98, 40, 98 * 40 * 2)
    assert (raw.frames, raw.bins, raw.feature_bytes) == (16000, 1, 32000)
    for name in FRONT_ENDS:
        FrontEnd(name).check_deployable("out/yes")
    for front_end in (mfcc, raw):
        assert not front_end.is_deployable
        with pytest.raises(UserError, match=rf"^out/yes: the front end {front_end.name} cannot be deployed"):
            front_end.check_deployable("out/yes")


def test_mel_bands():
    positions = FrontEnd("log_mel").mel_positions
    assert len(positions) == 257
    assert positions[0] == 0
    assert positions[128] == 41  # 4000 Hz, where band 40 ends
    middle_hz = 700 * (math.exp(20 / 41 * math.log(1 + 4000 / 700)) - 1)  # of band 20
    assert np.interp(middle_hz, np.arange(257) * 31.25, positions) == pytest.approx(20, abs=0.01)
    assert not FrontEnd("log").has_mel_bands
    assert FrontEnd("log_mel", mel_top_hz=8000).mel_positions[256] == pytest.approx(41)  # at half the rate
    assert FrontEnd("pcan", feature_bin_count=20).bins == 20


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "mikro"}, "'mikro' is not known; known: average, log, log_mel, pcan, micro, mfcc, raw"),
        (
            {"name": "micro", "sample_rate_hz": 8000},
            "front end micro: windows of 30 ms at 8000 Hz, expected 17 to 32 ms at 16000 Hz",
        ),
        ({"name": "micro", "window_size_ms": 40}, "windows of 40 ms at 16000 Hz, expected 17 to 32 ms at"),
        ({"name": "micro", "dc_block": True}, "micro: its bands begin at 125 Hz; leave out --dc-block"),
        ({"name": "mfcc", "feature_bin_count": 41}, "feature_bin_count is 41, expected at most 40, the mel"),
        (
            {"name": "mfcc", "window_size_ms": 8},
            "front end mfcc: band 1 of 40 lies between .* of a 128-point FFT; .* longer than 8 ms or a "
            "higher mel_top_hz$",
        ),
        (
            {"name": "log_mel", "mel_top_hz": 0},
            "mel_top_hz is 0, expected more than 0, where its lowest band",
        ),
        ({"name": "log_mel", "mel_top_hz": -700}, "mel_top_hz is -700, expected more than 0"),
        ({"name": "mfcc", "mel_top_hz": 20}, "front end mfcc: mel_top_hz is 20, expected more than 20"),
        (
            {"name": "pcan", "mel_top_hz": 8001},
            "front end pcan: sample_rate_hz is 16000, expected at least 16002: .* up to 8001 Hz",
        ),
        (
            {"name": "log_mel", "mel_top_hz": 1000},
            "log_mel: band 1 of 40 lies between .*, a smaller feature_bin_count or a higher mel_top_hz$",
        ),
        (
            {"name": "micro", "mel_top_hz": 7500},
            "micro: mel_top_hz is 7500, but only .* log_mel, pcan, mfcc,",
        ),
        ({"mel_top_hz": 7600}, "front end average: mel_top_hz is 7600, but only"),
        ({"name": "log_mel", "feature_bin_count": 0}, "feature_bin_count is 0, expected 1 to 257"),
        (
            {"name": "log_mel", "sample_rate_hz": 7999},
            "front end log_mel: sample_rate_hz is 7999, expected at least 8000: .* up to 4000 Hz",
        ),
        (
            {"name": "pcan", "feature_bin_count": 100},
            "front end pcan: band 1 of 100 lies between two bins of a 512-point FFT; expected a window "
            "longer than 30 ms, a smaller feature_bin_count or a higher mel_top_hz",
        ),
        ({"sample_rate_hz": 0}, "sample_rate_hz is 0, expected more than 0"),
        ({"clip_duration_ms": -1}, "clip_duration_ms is -1"),
        ({"window_size_ms": 0}, "window_size_ms is 0"),
        ({"window_stride_ms": 0}, "window_stride_ms is 0"),
        ({"sample_rate_hz": 100, "window_size_ms": 10}, "1 samples every 2 at 100 Hz"),
        ({"sample_rate_hz": 900, "window_stride_ms": 1}, "27 samples every 0 at 900 Hz"),
        ({"clip_duration_ms": 29}, "a clip of 29 ms is shorter than one window of 30 ms"),
        ({"feature_bin_count": 0}, "feature_bin_count is 0, expected 1 to 257"),
        ({"feature_bin_count": 258}, "feature_bin_count is 258, expected 1 to 257"),
        ({"name": "raw", "dc_block": True}, "raw: its samples stay as they are; leave out --dc-block"),
        ({"dc_block": "false"}, "dc_block is 'false', expected true or false"),
    ],
)
def test_front_end_refuses(settings, message):
    with pytest.raises(UserError, match=message):
        FrontEnd(**settings)


def test_specs_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FrontEnd().window_size_ms = 20  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        ModelSpec(labels_for(("yes",))).seed = 1  # type: ignore[misc]


def test_front_end_hash_covers_every_setting():
    others = [
        FrontEnd("log"),
        FrontEnd("log_mel"),
        FrontEnd("pcan"),
        FrontEnd("micro"),
        FrontEnd(sample_rate_hz=8000),
        FrontEnd(clip_duration_ms=900),
        FrontEnd(window_size_ms=31),
        FrontEnd(window_stride_ms=21),
        FrontEnd(feature_bin_count=41),
        FrontEnd(dc_block=True),
        FrontEnd("log_mel", mel_top_hz=7600),
    ]
    assert len({front_end.sha256 for front_end in [FrontEnd(), *others]}) == 12
    assert FrontEnd().sha256 == FrontEnd().sha256


SPEC = ModelSpec(
    labels=labels_for(("yes", "größe")),
    architecture="conv",
    front_end=FrontEnd(window_stride_ms=10),
    seed=7,
    artefacts={"model.pb": "ab" * 32},
)


def test_labels_and_words():
    assert SPEC.labels == ("_silence_", "_unknown_", "yes", "größe")
    assert SPEC.words == ("yes", "größe")


@pytest.mark.parametrize(
    "labels", [(), ("yes", "no"), ("_unknown_", "_silence_", "yes"), ("_silence_", "yes")]
)
def test_labels_begin_with_silence_and_unknown(labels):
    with pytest.raises(UserError, match="expected _silence_, _unknown_"):
        ModelSpec(labels)


def test_a_spec_needs_a_word_and_no_label_twice():
    with pytest.raises(UserError, match="no word to train"):
        ModelSpec(labels_for(()))
    with pytest.raises(UserError, match="expected no label twice"):
        ModelSpec(labels_for(("yes", "no", "yes")))


def test_json_round_trip():
    text = SPEC.to_json()
    assert ModelSpec.from_json(text) == SPEC
    assert ModelSpec.from_json(text.encode()) == SPEC
    assert ModelSpec.from_json(text).to_json() == text
    assert text.endswith("}\n")


def test_same_spec_same_bytes_whatever_the_order_of_artefacts():
    hashes = {"model.pb": "1", "model.tflite": "2"}
    first = SPEC.with_artefacts(hashes)
    second = SPEC.with_artefacts(dict(reversed(hashes.items())))
    assert first.to_json() == second.to_json()
    assert first.artefacts == hashes
    assert SPEC.artefacts == {"model.pb": "ab" * 32}  # the one it came from stays


def test_a_spec_from_before_there_was_more_than_average_loads():
    """What version 0.1 wrote; the hash of the front end is what firmware of that time reports."""
    content = json.loads(ModelSpec(labels_for(("yes",))).to_json())
    content["front_end"] = {
        "name": "average",
        "sample_rate_hz": 16000,
        "clip_duration_ms": 1000,
        "window_size_ms": 30,
        "window_stride_ms": 20,
        "feature_bin_count": 40,
    }
    front_end = ModelSpec.from_json(json.dumps(content)).front_end
    assert front_end == FrontEnd()
    assert front_end.sha256.startswith("1ca161614c410c1d")


def test_a_spec_says_that_dc_is_blocked_only_where_it_is():
    """So that what was made before there was dc_block keeps its bytes and its hashes."""
    plain, blocked = (
        ModelSpec(labels_for(("yes",)), front_end=FrontEnd("log_mel", dc_block=dc_block))
        for dc_block in (False, True)
    )
    assert "dc_block" not in plain.to_json()
    assert '"dc_block": true' in blocked.to_json()
    for spec in (plain, blocked):
        assert ModelSpec.from_json(spec.to_json()) == spec


def test_a_spec_says_where_mel_bands_end_only_where_it_was_chosen():
    front_end = FrontEnd("log_mel", mel_top_hz=7600)
    text = ModelSpec(labels_for(("yes",)), front_end=front_end).to_json()
    assert '"mel_top_hz": 7600' in text
    assert ModelSpec.from_json(text).front_end == front_end
    usual = ModelSpec(labels_for(("yes",)), front_end=FrontEnd("log_mel", mel_top_hz=4000)).to_json()
    assert "mel_top_hz" not in usual
    assert ModelSpec.from_json(usual).front_end.mel_top_hz == 4000


def altered(**changes: object) -> str:
    content = json.loads(SPEC.to_json()) | changes
    return json.dumps({name: value for name, value in content.items() if value is not None})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a spec.json of this version"),
        ("{", "not a spec.json of this version"),
        ("[]", "not a spec.json of this version"),
        ("null", "not a spec.json of this version"),
        (b"\xff\xfe\x00", "not a spec.json of this version"),
        (altered(version=None), "'version'"),
        (altered(version=2), "is of version 2, made by a newer Earshot"),
        (altered(labels=None), "'labels'"),
        (altered(labels="yes"), 'labels: is "yes", expected a list'),
        (altered(labels=["yes"]), "expected _silence_, _unknown_"),
        (altered(labels=["_silence_", "_unknown_", 3]), "expected text"),
        (altered(seed=1.5), "expected a whole number"),
        (altered(artefacts={"model.tflite": 1}), "artefacts: model.tflite: is 1, expected text"),
        ("[" * 100_000, "not a spec.json of this version"),
        (altered(front_end=None), "'front_end'"),
        (altered(front_end={"window_ms": 30}), "window_ms"),
        (altered(front_end={"window_size_ms": "30"}), "not a spec.json of this version"),
        (altered(colour="red"), "colour"),
    ],
)
def test_json_refuses(text, message):
    with pytest.raises(UserError, match=message) as caught:
        ModelSpec.from_json(text, "out/yes/spec.json")
    assert "out/yes/spec.json" in str(caught.value)
