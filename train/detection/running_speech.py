"""A stream of people who talk, one after the other, and say none of the wanted words."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.audio.recording import read_recording
from train.audio.wav import to_float, to_int16
from train.core.spec import UNKNOWN_LABEL, ModelSpec
from train.data.dataset import AudioSource
from train.detection.labelled_stream import Stream, StreamSettings, Word, mix_in, noise_bed
from train.synth import music

_BETWEEN_S = (0.3, 2.0)  # nobody talks
_MUSIC_S = 120.0  # without, then a piece as long
_MUSIC_DB = (-40.0, -20.0)  # of full scale


def make_speech_stream(
    audio: AudioSource, split: str, recordings: Sequence[Path], spec: ModelSpec, settings: StreamSettings
) -> Stream:
    """Make a stream of recordings in the noise of a split; each is heard once before any is heard again.

    Half of the time something like music plays. The words of the stream are the recordings, from where one
    begins to where it ends.
    """
    rate_hz = spec.front_end.sample_rate_hz
    generator = np.random.default_rng(settings.seed)
    mixed = noise_bed(audio, split, spec, settings, generator)
    _play_music(mixed, rate_hz, generator)
    turns: list[Word] = []
    order: list[int] = []
    offset = 0
    while True:
        offset += int(generator.uniform(*_BETWEEN_S) * rate_hz)
        order = order or generator.permutation(len(recordings)).tolist()
        path = recordings[order.pop()]
        samples = to_float(read_recording(path, rate_hz).samples)
        if offset + len(samples) > len(mixed) and turns:
            break
        mix_in(mixed, offset, samples)
        start_ms, end_ms = (1000 * place / rate_hz for place in (offset, offset + len(samples)))
        turns.append(Word(UNKNOWN_LABEL, start_ms, start_ms, end_ms, path.name))
        offset += len(samples)
    return Stream(to_int16(mixed), tuple(turns))


def _play_music(mixed: NDArray[np.float32], rate_hz: int, generator: np.random.Generator) -> None:
    count = round(_MUSIC_S * rate_hz)
    for offset in range(count, len(mixed), 2 * count):
        level = 10 ** (generator.uniform(*_MUSIC_DB) / 20)
        played = np.float32(level) * music.piece(generator, count, rate_hz)
        mix_in(mixed, offset, played, rate_hz)
