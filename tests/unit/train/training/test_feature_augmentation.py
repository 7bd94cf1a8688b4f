"""Changes to features in training: each does what its name says, drawn from the seed alone."""

import numpy as np
import pytest
import tensorflow as tf

from train.core.errors import UserError
from train.core.spec import FrontEnd
from train.settings.augmentation import FeatureAugmentation
from train.settings.job import Job
from train.settings.recipe import RECIPES, STRONG
from train.training.feature_augmentation import Augmenter

FRONT_END = FrontEnd("log")
OCTAVES = FRONT_END.feature_scale
SHAPE = (FRONT_END.frames, FRONT_END.bins)


def changed(features: np.ndarray, noise: np.ndarray | None = None, seed: int = 1, **settings) -> np.ndarray:
    """Features in steps of uint8, as a recipe with these settings shows them."""
    augmenter = Augmenter(
        FeatureAugmentation(**settings), FRONT_END, None if noise is None else tf.constant(noise)
    )
    result = augmenter(tf.constant(features.astype(np.float32) * OCTAVES), tf.constant([seed, 3]))
    return result.numpy() / OCTAVES


@pytest.fixture
def features() -> np.ndarray:
    """(40, frames, bins) in steps: smooth in both directions, nowhere near an end of the range."""
    frames, bins = np.meshgrid(*(np.arange(length) for length in SHAPE), indexing="ij")
    clip = 120 + 40 * np.sin(frames / 5) + 20 * np.cos(bins / 6)
    return np.repeat(np.rint(clip)[None], 40, axis=0)


def test_nothing_asked_nothing_changed(features):
    assert FeatureAugmentation().is_none
    assert np.array_equal(changed(features), features)


def test_the_strong_recipe_changes_every_clip_in_its_own_way_on_whole_steps(features):
    settings = RECIPES[STRONG].feature_augmentation
    noise = np.full((3, *SHAPE), 5.0, np.float32)
    augmenter = Augmenter(settings, FRONT_END, tf.constant(noise))
    one, again, other = (
        augmenter(tf.constant(features.astype(np.float32) * OCTAVES), tf.constant([seed, 0])).numpy()
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert len({clip.tobytes() for clip in one}) == len(one)
    steps = one / OCTAVES
    assert np.array_equal(steps, np.rint(steps))
    assert steps.min() >= 0
    assert steps.max() <= 255


def test_gain_moves_a_clip_as_a_whole(features):
    moved = changed(features, gain_db=6) - features
    spread = moved.max(axis=(1, 2)) - moved.min(axis=(1, 2))
    assert spread.max() <= 1  # rounding
    steps = 6 / (10 * np.log10(2)) / OCTAVES
    assert 0.7 * steps < np.abs(moved).max() <= steps + 1
    assert (moved.mean(axis=(1, 2)) > 0).any()
    assert (moved.mean(axis=(1, 2)) < 0).any()


def test_tilt_turns_around_the_middle_of_the_band(features):
    moved = changed(features, tilt_db=6) - features
    assert np.abs(moved[:, :, FRONT_END.bins // 2]).max() <= 1
    assert np.abs(moved[:, :, 0] + moved[:, :, -1]).max() <= 1
    assert np.abs(moved[:, :, 0]).max() > 8


def test_a_shift_moves_by_no_more_than_asked():
    features = np.zeros((200, *SHAPE))
    features[:, 24] = 200
    centre = changed(features, shift_frames=5)[:, :, 10].argmax(axis=1)
    assert centre.min() >= 19
    assert centre.max() <= 29
    assert len(set(centre.tolist())) > 8


def test_a_shift_leaves_silence_or_goes_on_with_the_edge(features):
    moved = changed(features, shift_frames=5)
    first, last = moved[:, 0, 5], moved[:, -1, 5]
    empty = (first == 0) | (last == 0)
    assert 5 < empty.sum() < 35


def test_frequency_warp_moves_a_line_along_the_bins():
    features = np.zeros((200, *SHAPE))
    features[:, :, 30] = 200
    where = changed(features, frequency_warp=0.1)[:, 10].argmax(axis=1)
    assert where.min() >= 27
    assert where.max() <= 33
    assert len(set(where.tolist())) > 4


def test_a_room_goes_on_after_a_sound_and_dies_away():
    """After the frame that sounds, a straight line down: 60 dB in at most the time asked for."""
    features = np.zeros((300, *SHAPE))
    features[:, 10] = 250
    heard = changed(features, room_frequency=0.5, room_t60_ms=400)[:, :, 7]
    octave = 1 / OCTAVES
    assert heard[:, :10].max() <= octave, "before it, silence that goes on, too: twice its power at the most"
    assert np.array_equal(heard[:, 10], features[:, 10, 7])
    in_a_room = heard[:, 11] > octave
    assert 0.3 < in_a_room.mean() < 0.6
    assert (np.diff(heard[:, 10:], axis=1) <= 0).all()
    slowest = (heard[:, 11] - heard[:, 15]).astype(float)[in_a_room & (heard[:, 15] > 3 * octave)].min() / 4
    steps_of_60_db = 60 / (10 * np.log10(2)) / OCTAVES
    assert slowest == pytest.approx(steps_of_60_db * FRONT_END.window_stride_ms / 400, rel=0.15)


def test_noise_adds_powers(features):
    """Equal powers: an octave, or half of the clips get nothing."""
    quiet = np.full((1, *SHAPE), 120.0)
    noise = np.full((1, *SHAPE), 120 * OCTAVES, np.float32)
    louder = changed(np.repeat(quiet, 300, axis=0), noise, noise_frequency=0.5, noise_volume=1.0)
    gained = (louder - 120)[:, 0, 0] * OCTAVES  # octaves
    assert gained.max() <= 1.0  # full volume doubles the power
    assert gained.max() > 0.8
    assert 0.35 < (gained == 0).mean() < 0.75


def test_masks_are_no_longer_than_asked():
    features = np.full((100, *SHAPE), 200.0)
    masked = changed(features, time_masks=1, time_mask_frames=6) == 0
    assert np.array_equal(masked.all(axis=2), masked.any(axis=2))
    lengths = masked.all(axis=2).sum(axis=1)
    assert lengths.max() in (5, 6)
    masked = changed(features, frequency_masks=1, frequency_mask_bins=4) == 0
    assert np.array_equal(masked.all(axis=1), masked.any(axis=1))
    assert masked.all(axis=1).sum(axis=1).max() in (3, 4)


def test_a_microphone_moves_the_clip_and_its_noise():
    """Noise is as far below the word as before, however quiet the recording is."""
    word = np.full((200, *SHAPE), 200.0)
    noise = np.full((1, *SHAPE), 200 * OCTAVES, np.float32)
    settings = {"noise_frequency": 1.0, "noise_volume": 1.0}
    before = changed(word, noise, **settings)
    after = changed(word, noise, quieter_db=26, louder_db=3.5, **settings)
    moved_db = (after - before)[:, 0, 0] * OCTAVES * 10 * np.log10(2)
    assert np.ptp(after - before, axis=(1, 2)).max() <= 1  # rounding
    assert -26.5 < moved_db.min() < -24
    assert 2.5 < moved_db.max() < 4


@pytest.mark.parametrize("name", ["average", "pcan"])
def test_a_recipe_for_logarithmic_features_refuses_others(name):
    with pytest.raises(UserError, match=f"--preprocess {name}: this recipe .*--preprocess log or log_mel"):
        Job(("yes",), recipe=RECIPES[STRONG], front_end=FrontEnd(name))
    with pytest.raises(ValueError, match="not logarithmic"):
        Augmenter(RECIPES[STRONG].feature_augmentation, FrontEnd(name), None)


@pytest.mark.parametrize(
    "settings", [{"gain_db": -1}, {"time_stretch": 0.6}, {"noise_frequency": 1.5}, {"room_frequency": 2}]
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(UserError, match=f"feature augmentation: {next(iter(settings))} is "):
        FeatureAugmentation(**settings)


def test_settings_are_changed_by_name():
    strong = FeatureAugmentation(gain_db=6, time_masks=2)
    assert strong.changed("gain_db=1.5,time_masks=0") == FeatureAugmentation(gain_db=1.5)
    assert strong.changed("none").is_none
    for text in ("gain=3", "gain_db", "gain_db=loud", "time_masks=1.5", ""):
        with pytest.raises(UserError, match=f"--feature-augmentation {text}: expected none, or NAME=NUMBER"):
            strong.changed(text)
    with pytest.raises(UserError, match=r"noise_frequency is 2\.0"):
        strong.changed("noise_frequency=2")
