"""What ``earshot run`` plays to a board, and what should be heard of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hil.link.raw_audio import SILENCE_MS, with_silence
from train.audio.recording import read_recording
from train.core import runfolder
from train.core.errors import UserError
from train.core.results.training import ClipList
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL, ModelSpec
from train.detection.labelled_stream import read_truth
from train.detection.scoring import TIME_TOLERANCE_MS


@dataclass(frozen=True)
class Expected:
    """A word that is said.

    Attributes:
        where: in what, for people.
        from_ms, to_ms: a detection between the two, of the audio's time, is of this word.
    """

    word: str
    where: str
    from_ms: float
    to_ms: float


@dataclass(frozen=True, eq=False)
class Playlist:
    """(n,) int16 samples at the model's rate.

    Attributes:
        titles: what is played, in a line each.
        expected: None: nobody knows what is said.
    """

    samples: NDArray[np.int16]
    titles: tuple[str, ...]
    expected: tuple[Expected, ...] | None


def clips_of(run: Path, spec: ModelSpec) -> Playlist:
    """The clips of the run folder in which a word is said, with a second of silence behind each.

    Raises:
        UserError: there is none.
    """
    folder = run / runfolder.CLIPS
    clips = ClipList.read(folder / runfolder.CLIPS_LIST).clips
    rate_hz = spec.front_end.sample_rate_hz
    titles, expected = [], []
    pause = np.zeros(rate_hz * SILENCE_MS // 1000, np.int16)
    parts: list[NDArray[np.int16]] = []  # clips and the pauses between them
    end = 0  # of the last clip and the silence behind it, in samples
    for clip in clips:
        if clip.label in (SILENCE_LABEL, UNKNOWN_LABEL):
            continue
        from_ms = end * 1000 // rate_hz
        titles.append(f"playing {folder / clip.file} at {from_ms} ms")
        audio = read_recording(folder / clip.file, rate_hz).samples
        parts += [pause, audio] if parts else [audio]
        end += len(audio) + len(pause)
        expected.append(Expected(clip.label, clip.file, from_ms, end * 1000 / rate_hz))
    if not parts:
        raise UserError(f"{folder}: holds no clip of a word; name a recording with --wav FILE")
    return Playlist(with_silence(np.concatenate(parts), rate_hz), tuple(titles), tuple(expected))


def recording_of(path: Path, spec: ModelSpec, said: Sequence[str], truth: Path | None) -> Playlist:
    """A recording with a second of silence behind it.

    Args:
        said: words that are said in it, anywhere; one that is said twice stands there twice.
        truth: or a file that tells them with their times, as ``earshot stream`` reads it.
    Raises:
        UserError: not a recording, or a word that the model does not have.
    """
    rate_hz = spec.front_end.sample_rate_hz
    samples = with_silence(read_recording(path, rate_hz).samples, rate_hz)
    expected = None
    if truth is not None:
        clip_ms = spec.front_end.clip_duration_ms
        expected = tuple(
            Expected(
                word.label,
                f"at {word.time_ms:.0f} ms",
                word.time_ms + clip_ms - TIME_TOLERANCE_MS,
                word.time_ms + clip_ms + TIME_TOLERANCE_MS,
            )
            for word in read_truth(truth)
            if word.label != UNKNOWN_LABEL
        )
    elif said:
        end_ms = len(samples) * 1000 / rate_hz
        expected = tuple(Expected(word, path.name, 0, end_ms) for word in said)
    words = [label for label in spec.labels if label not in (SILENCE_LABEL, UNKNOWN_LABEL)]
    for item in expected or ():
        if item.word not in words:
            where = truth or "--said"
            raise UserError(f"{where}: {item.word!r} is no word of the model; it has {', '.join(words)}")
    return Playlist(samples, (f"playing {path} at 0 ms",), expected)
