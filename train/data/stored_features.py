"""A corpus of features without audio: an .npz of uint8 spectrograms with word, name and split.

Arrays: ``features`` (clips, frames, bins) uint8 of one front end; ``word``, ``name``
(``<speaker>_nohash_<n>``) and ``split`` (training, validation, testing), (clips,) strings. The
format is that of the log-mel bank described in docs/ACCURACY.md. ``mel_top_hz``, a whole number, is where
the highest mel band of its features ends, 4,000 where the file does not say.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.core.errors import UserError
from train.core.files.arrays import Header, NoArrays, open_npz
from train.core.files.plain import reason
from train.core.layout import SPLITS
from train.core.runfolder import sha256_file
from train.core.spec import MEL_TOP_HZ, FrontEnd
from train.data.corpus import Clip, Corpus
from train.data.dataset import AudioSource, Example, Split

SUFFIX = ".npz"
_MOST_BYTES = 8 * 10**9  # as of --bank-clips: it is held in memory
_ARRAYS = ("features", "word", "name", "split")


def read_bank(path: Path, front_end: FrontEnd) -> tuple[Corpus, NDArray[np.uint8]]:
    """A bank as a corpus, clips in the order of its rows, and the features: (clips, frames, bins).

    Raises:
        UserError: not such a file, damaged, or made by a front end of another shape.
    """
    try:
        with open_npz(path, _MOST_BYTES) as file:
            missing = [name for name in _ARRAYS if name not in file.headers]
            if missing:
                raise UserError(
                    f"--data {path}: a feature bank without {', '.join(missing)}; expected the arrays "
                    f"{', '.join(_ARRAYS)}"
                )
            _check(path, front_end, *(file.headers[name] for name in _ARRAYS))
            features, words, names, splits = (file.read(name) for name in _ARRAYS)
            mel_top_hz = int(file.read("mel_top_hz")) if "mel_top_hz" in file.headers else MEL_TOP_HZ
    except (OSError, NoArrays, TypeError, ValueError) as error:
        raise UserError(f"--data {path}: not a feature bank that can be read ({reason(error)})") from error
    if front_end.has_mel_bands and front_end.mel_top_hz != mel_top_hz:
        raise UserError(
            f"--data {path}: the mel bands of its features end at {mel_top_hz} Hz, those of this job at "
            f"{front_end.mel_top_hz} Hz; pass --mel-top-hz {mel_top_hz}, or name recordings with --data"
        )
    if strange := sorted(set(splits.tolist()) - set(SPLITS)):
        raise UserError(f"--data {path}: splits are {', '.join(strange)}, expected {', '.join(SPLITS)}")
    clips = tuple(
        Clip(Path(f"{name}.wav"), f"{word.lower()}/{name}", word.lower(), split, front_end.clip_samples, "")
        for word, name, split in zip(words.tolist(), names.tolist(), splits.tolist(), strict=True)
    )
    return Corpus(path, clips, (), (), "lists", sha256_file(path)), features


def _check(path: Path, front_end: FrontEnd, features: Header, *texts: Header) -> None:
    """Make sure that the arrays are what they must be, before they are read."""
    expected = (front_end.frames, front_end.bins)
    if features.dtype != front_end.step_type or features.shape[1:] != expected:
        raise UserError(
            f"--data {path}: holds {features.dtype} features of {features.shape[1:]}, the front end "
            f"{front_end.name!r} gives {front_end.step_type} of {expected}; pass the --preprocess that made "
            "the bank"
        )
    if any(text.shape != features.shape[:1] for text in texts):
        raise UserError(f"--data {path}: its arrays differ in length; expected one entry a clip in each")
    if any(text.dtype.kind != "U" for text in texts):
        raise UserError(f"--data {path}: {', '.join(_ARRAYS[1:])} hold numbers or bytes, expected text")


class StoredFeatures:
    """Features of a bank's clips, as they are; silence is made of noise that another corpus brings."""

    def __init__(self, corpus: Corpus, features: NDArray[np.uint8], noise: AudioSource) -> None:
        self._features, self._noise, self._name = features, noise, corpus.root
        self._row_of = {clip: row for row, clip in enumerate(corpus.clips)}

    def training_features(self, entries: list[tuple[Example, int, int]]) -> NDArray[np.uint8]:
        """As ``AudioSource.training_features``."""
        features = self._stored([example for example, _, _ in entries])
        if silent := [row for row, (example, _, _) in enumerate(entries) if example.clip is None]:
            features[silent] = self._noise.training_features([entries[row] for row in silent])
        return features

    def plain_features(self, split: Split) -> NDArray[np.uint8]:
        """As ``AudioSource.plain_features``."""
        features = self._stored(split.examples)
        if silent := [row for row, example in enumerate(split.examples) if example.clip is None]:
            quiet = Split(split.name, tuple(split.examples[row] for row in silent))
            features[silent] = self._noise.plain_features(quiet)
        return features

    def heard_by(self, front_end: FrontEnd) -> "StoredFeatures":
        """As ``AudioSource.heard_by``: there is no audio, so never.

        Raises:
            UserError: always.
        """
        raise UserError(
            f"--data {self._name}: holds features without audio, which the front end {front_end.name} of a "
            "teacher cannot hear; leave it out, or take teachers with the front end of this job"
        )

    def noise_features(self, clips: int) -> NDArray[np.float32] | None:
        """As ``AudioSource.noise_features``."""
        return self._noise.noise_features(clips)

    def _stored(self, examples: Sequence[Example]) -> NDArray[np.uint8]:
        """(examples, frames, bins) uint8, a copy; silence holds the features of whatever clip."""
        return self._features[[self._row_of[example.clip] if example.clip else 0 for example in examples]]
