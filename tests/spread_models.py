"""Networks with random weights whose scores say something, for comparing what runs them."""

import zlib

import keras
import numpy as np

from train import architectures
from train.audio.frontend import compute_features
from train.core.spec import MICRO, FrontEnd

TOLERANCE = 1e-5
# Long sums and many layers: with random weights, float32 is that far off where the order of sums is another.
LOOSE_TOLERANCE = 3e-5
LOOSE = ("bc_resnet", "bigger_conv", "conv_1d_time_sliced_with_attention")


def front_end_of(name: str) -> FrontEnd:
    """Of a network; where that is micro, of which model.pb has nothing, another of as many rows."""
    usual = architectures.front_end_of(name)
    if usual.name != MICRO:
        return usual
    return FrontEnd(
        "log_mel", window_stride_ms=usual.window_stride_ms, clip_duration_ms=usual.clip_duration_ms
    )


def synthetic_clips() -> np.ndarray:
    """(12, 16000) float32: silence, tones, clicks, noise and something like speech, quiet to full scale."""
    front_end, rng = FrontEnd(), np.random.default_rng(11)
    seconds = np.arange(front_end.clip_samples) / front_end.sample_rate_hz
    clips = [np.zeros_like(seconds)]
    for hz, volume in ((100, 1.0), (440, 0.1), (3000, 0.01), (7990, 1.0)):
        clips.append(volume * np.sin(2 * np.pi * hz * seconds))
    clips.extend(rng.standard_normal((4, len(seconds))) * np.array([[0.003], [0.03], [0.2], [2.0]]))
    clips.append((rng.random(len(seconds)) < 0.001).astype(float))
    # A buzz with formants that glides, in two syllables: as sparse and as uneven as speech is.
    pitch = 2 * np.pi * np.cumsum(120 + 40 * np.sin(2 * np.pi * seconds)) / front_end.sample_rate_hz
    for level in (0.05, 0.5):
        buzz = sum(np.sin(k * pitch) / (1 + ((k * 120 - 700) / 400) ** 2) for k in range(1, 30))
        clips.append(level * buzz * np.abs(np.sin(2 * np.pi * seconds)) ** 2)
    return np.clip(clips, -1, 1).astype(np.float32)


def spread_model(
    name: str, audio: np.ndarray, labels: int = 4, front_end: FrontEnd | None = None
) -> keras.Model:
    """A model with random weights whose scores on this audio are neither flat nor saturated.

    Args:
        front_end: None for the one that the architecture needs.
    """
    front_end = front_end or front_end_of(name)
    model = architectures.build(name, front_end, labels, dropout=0.5, seed=1)
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for weight in model.weights:
        if weight.name in ("moving_variance", "gamma"):
            weight.assign(rng.uniform(0.5, 2, weight.shape))
            continue
        # He's rule, so that no layer drowns what the audio says in its biases.
        depthwise = weight.shape[-1] == 1  # its multiplier; the kernel does not sum over channels
        fan_in = np.prod(weight.shape[: 2 if depthwise else -1])
        sigma = np.sqrt(2 / fan_in) if weight.name.endswith("kernel") else 0.1
        weight.assign(rng.normal(0, sigma, weight.shape))
    features = features_of(audio, front_end)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(features[:50], training=True)  # what is normalized is as it would be after training
    last = architectures.logits(model).layers[-1]
    given = outputs_of(keras.Model(model.input, last.input), features)
    mean, kernel = given.mean(axis=0), last.kernel.numpy()
    if not last.use_bias:  # of what all clips have in common, it makes nothing
        kernel -= np.outer(mean, mean @ kernel) / (mean @ mean)
    kernel *= 2.0 / (given @ kernel).std(axis=0)
    last.kernel.assign(kernel)
    if last.use_bias:
        last.bias.assign(-mean @ kernel)
    return model


def tolerance(name: str) -> float:
    """How far scores of an architecture with random weights may differ."""
    return LOOSE_TOLERANCE if name in LOOSE else TOLERANCE


def outputs_of(model: keras.Model, features: np.ndarray) -> np.ndarray:
    """What a model makes of features, a few clips at a time."""
    return np.concatenate([model(features[i : i + 16]).numpy() for i in range(0, len(features), 16)])


def features_of(audio: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    return compute_features(audio, front_end)[..., np.newaxis]


def keras_scores(model: keras.Model, audio: np.ndarray, front_end: FrontEnd | None = None) -> np.ndarray:
    """Scores of the model itself. ``front_end``: None for the default one."""
    front_end = front_end or FrontEnd()
    return outputs_of(model, features_of(audio, front_end))


def assert_spread(scores: np.ndarray) -> None:
    """Scores that say something: all vary from clip to clip, and many are far from 0 and 1."""
    assert scores.std(axis=0).min() > 0.05
    assert np.mean((scores > 0.02) & (scores < 0.98)) > 0.3
