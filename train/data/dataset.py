"""Divides a corpus into labelled clips, silence and unknown included, and reads their audio."""

import copy
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.audio.excerpt import fit_clip
from train.audio.frontend import float_features, wav_features
from train.audio.recording import read_recording
from train.audio.wav import read_wav, to_float
from train.core.console import warn
from train.core.errors import UserError
from train.core.layout import ALL, BACKGROUND_FOLDER, SPLITS, TESTING, TRAINING, VALIDATION
from train.core.spec import SILENCE_LABEL, FrontEnd, ModelSpec
from train.data.augment import draw_shift, draw_volume, elsewhere, faster, mix, shift, through_microphone
from train.data.corpus import Clip, Corpus
from train.settings.augmentation import Augmentation
from train.settings.sampling import Sampling

SILENCE_INDEX, UNKNOWN_INDEX = 0, 1
# Part of each background file that a split may use, so that no noise is trained and tested on.
_BACKGROUND_PART = {TRAINING: (0.0, 0.8), VALIDATION: (0.8, 0.9), TESTING: (0.9, 1.0), ALL: (0.0, 1.0)}
_SPLIT_SEED = {split: index for index, split in enumerate((*SPLITS, ALL))}
_NOISE_SEED = len(_SPLIT_SEED)


@dataclass(frozen=True)
class Example:
    """One labelled clip of a split; a clip of None is silence, made of background noise alone."""

    clip: Clip | None
    label: int

    @property
    def source(self) -> str:
        return self.clip.name if self.clip else "background noise"


@dataclass(frozen=True)
class Split:
    """The examples of one split.

    ``examples`` are the clips that are counted and scored. In training, ``unknown_pool`` holds every
    unknown clip: variants of unknown are spread over all of them, instead of repeating the few that the
    percentage chooses.
    """

    name: str
    examples: tuple[Example, ...]
    unknown_pool: tuple[Example, ...] = ()

    def counts(self, labels: Sequence[str]) -> dict[str, int]:
        """Examples per label."""
        totals = np.bincount([example.label for example in self.examples], minlength=len(labels))
        return {label: int(total) for label, total in zip(labels, totals, strict=True)}

    def unknown_per_word(self, labels: Sequence[str]) -> float:
        """Examples of other words for each of the average word."""
        _, unknown, *words = self.counts(labels).values()
        return unknown * len(words) / sum(words)


def make_split(
    corpus: Corpus,
    labels: Sequence[str],
    split: str,
    sampling: Sampling,
    seed: int,
    unknown_per_word: float = 1.0,
) -> Split:
    """The examples of one split, in an order that depends on the seed alone.

    Args:
        unknown_per_word: see ``Sampling.resolve``.
    Raises:
        UserError: no clip of another word although unknown clips are asked for.
    """
    index_of = {word: index for index, word in enumerate(labels) if index > UNKNOWN_INDEX}
    clips = [clip for clip in corpus.clips if split in (clip.split, ALL)]
    recorded = [Example(clip, SILENCE_INDEX) for clip in clips if clip.word == SILENCE_LABEL]
    wanted = [Example(clip, index_of[clip.word]) for clip in clips if clip.word in index_of]
    others = [clip for clip in clips if clip.word not in index_of and clip.word != SILENCE_LABEL]
    unknown = [Example(clip, UNKNOWN_INDEX) for clip in others]
    silence_count, unknown_count = sampling.resolve(len(wanted), len(index_of), unknown_per_word)
    generator = random.Random(f"{seed} {split}")
    generator.shuffle(unknown)
    if unknown_count and not unknown:
        raise UserError(
            f"{corpus.root}: no clip of any other word for {split}, so there is nothing to be _unknown_; add "
            "folders of other words, or pass --unknown-percentage 0"
        )
    # Recordings of silence that a corpus brings come first, background noise fills up.
    silence = recorded[:silence_count] + [Example(None, SILENCE_INDEX)] * (silence_count - len(recorded))
    examples = wanted + silence + unknown[:unknown_count]
    generator.shuffle(examples)
    pool = tuple(unknown) if split == TRAINING and unknown_count else ()
    return Split(split, tuple(examples), pool)


class AudioSource:
    """Reads the audio of examples, makes it as long as a clip, and mixes in noise where it belongs.

    Every example draws from a generator of its own, seeded by (seed, split, example,
    variant), so that the audio does not depend on the order or the thread it is made in.
    """

    def __init__(self, corpus: Corpus, spec: ModelSpec, augmentation: Augmentation, seed: int) -> None:
        """Raises UserError for an empty or too short background folder."""
        self._front_end = spec.front_end
        self._augmentation = augmentation
        self._seed = seed
        self._limit_samples = int(augmentation.time_shift_ms * spec.front_end.sample_rate_hz / 1000)
        self._backgrounds = [self._read_background(path) for path in corpus.backgrounds]
        if corpus.has_background_folder and not self._backgrounds:
            raise UserError(
                f"No background wav files were found in {corpus.root / BACKGROUND_FOLDER}; put some long "
                "recordings there, or remove the folder, to take noise that is made here"
            )
        if not self._backgrounds:
            warn(
                f"{corpus.root} has no {BACKGROUND_FOLDER} folder: clips are trained without noise, and "
                "_silence_ is digital silence, which no microphone gives"
            )

    def heard_by(self, front_end: FrontEnd) -> "AudioSource":
        """The same audio for another front end.

        Raises:
            UserError: its clips are of another rate or length.
        """
        here = self._front_end
        rates_hz = here.sample_rate_hz, front_end.sample_rate_hz
        lengths_ms = here.clip_duration_ms, front_end.clip_duration_ms
        if rates_hz[0] != rates_hz[1] or lengths_ms[0] != lengths_ms[1]:
            raise UserError(
                f"a front end of clips of {lengths_ms[1]} ms at {rates_hz[1]} Hz cannot hear those of this "
                f"job, of {lengths_ms[0]} ms at {rates_hz[0]} Hz; pass --clip-duration-ms {lengths_ms[1]} "
                f"and --sample-rate-hz {rates_hz[1]}"
            )
        other = copy.copy(self)
        other._front_end = front_end
        return other

    def _read_background(self, path: Path) -> NDArray[np.float32]:
        audio = to_float(read_recording(path, self._front_end.sample_rate_hz).samples)
        needed = self._front_end.clip_samples
        if len(audio) <= needed:
            raise UserError(
                f"{path}: Background sample is too short! Need more than {needed} samples "
                f"but only {len(audio)} were found; record longer noise, or remove the file"
            )
        return audio

    def training_variant(self, example: Example, index: int, variant: int) -> NDArray[np.float32]:
        """One augmented version of a training example: (clip_samples,) float32."""
        generator = np.random.default_rng([self._seed, _SPLIT_SEED[TRAINING], index, variant])
        return through_microphone(self._in_noise(example, generator), self._augmentation, generator)

    def _in_noise(self, example: Example, generator: np.random.Generator) -> NDArray[np.float32]:
        """A training example, moved and with background, or background alone."""
        if example.clip is None:
            silence = self._silence(TRAINING, generator)
            return elsewhere(silence, self._augmentation, generator, is_word=False)
        spoken = faster(self.clip_audio(example.clip), self._augmentation, generator)
        audio = shift(spoken, draw_shift(self._limit_samples, generator))
        audio = elsewhere(audio, self._augmentation, generator, is_word=True)
        volume = draw_volume(self._augmentation, generator)
        if volume == 0.0 or not self._backgrounds:
            return audio
        return mix(audio, self.background(TRAINING, generator), volume)

    def plain(self, split: Split) -> NDArray[np.float32]:
        """Audio of a validation or testing split, words untouched: (clips, clip_samples) float32."""
        audio = np.empty((len(split.examples), self._front_end.clip_samples), dtype=np.float32)
        for index in range(len(split.examples)):
            audio[index] = self.plain_clip(split, index)
        return audio

    def plain_clip(self, split: Split, index: int) -> NDArray[np.float32]:
        """Audio of one example of a split, untouched: (clip_samples,) float32."""
        clip = split.examples[index].clip
        if clip is not None:
            return self.clip_audio(clip)
        generator = np.random.default_rng([self._seed, _SPLIT_SEED[split.name], index])
        return self._silence(split.name, generator)

    def training_features(self, entries: list[tuple[Example, int, int]]) -> NDArray[np.uint8]:
        """Features of augmented training examples: (entries, frames, bins) uint8.

        Args:
            entries: (example, index, variant), as for ``training_variant``.
        """
        return wav_features(np.stack([self.training_variant(*entry) for entry in entries]), self._front_end)

    def plain_features(self, split: Split) -> NDArray[np.uint8]:
        """Features of a validation or testing split: (clips, frames, bins) uint8."""
        return wav_features(self.plain(split), self._front_end, os.cpu_count() or 1)

    def noise_features(self, clips: int) -> NDArray[np.float32] | None:
        """Features of training noise alone, as loud as it was recorded; None where the corpus brings none.

        Returns:
            (clips, frames, bins) float32.
        """
        if not self._backgrounds:
            return None
        generator = np.random.default_rng([self._seed, _NOISE_SEED])
        audio = np.stack([self.background(TRAINING, generator) for _ in range(clips)])
        return float_features(audio, self._front_end, os.cpu_count() or 1)

    def clip_audio(self, clip: Clip) -> NDArray[np.float32]:
        """A clip untouched, padded or cut to the part with the word: (clip_samples,) float32."""
        rate_hz = self._front_end.sample_rate_hz
        return to_float(fit_clip(read_wav(clip.wav, rate_hz), self._front_end.clip_samples, rate_hz))

    def _silence(self, split: str, generator: np.random.Generator) -> NDArray[np.float32]:
        """Background at a volume of U(0, 1), as speech_commands makes silence in every split."""
        nothing = np.zeros(self._front_end.clip_samples, dtype=np.float32)
        if not self._backgrounds:
            return nothing
        return mix(nothing, self.background(split, generator), generator.uniform(0.0, 1.0))

    def background(
        self, split: str, generator: np.random.Generator, samples: int | None = None
    ) -> NDArray[np.float32]:
        """A stretch of background noise out of the part that a split may use, at a random place.

        Args:
            samples: how long; None: a clip. A file that is shorter is repeated.
        Returns:
            (samples,) float32; zeros where the corpus brings no noise.
        """
        length = samples or self._front_end.clip_samples
        if not self._backgrounds:
            return np.zeros(length, dtype=np.float32)
        audio = self._backgrounds[generator.integers(len(self._backgrounds))]
        start, end = (int(part * len(audio)) for part in _BACKGROUND_PART[split])
        if end - start <= length:  # a file too short to divide serves every split whole
            start, end = 0, len(audio)
        if end <= length:
            audio, end = np.resize(audio, length + 1), length + 1
        offset = int(generator.integers(start, end - length))
        return audio[offset : offset + length]
