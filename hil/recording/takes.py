"""Judges what was recorded for a word, and cuts the part with the word out of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.audio.excerpt import PHRASE_PAUSE_MS, contrast_db, fit_clip, sounding_parts

_SHORTEST_MS, _LONGEST_MS = 100, 3000  # of a word or phrase
_CLIP_MS, _ROOM_MS = 1000, 600  # shortest clip; room that is kept around the word, both sides together
_EDGE_MS = 30  # what begins or ends closer to the edge is cut off there
_LEAST_CONTRAST_DB = 10.0
_LEAST_PEAK = 100  # of 32767: -50 dB
_FULL_SCALE = 32700
_FULL_SCALE_SAMPLES = 3
_FLAT_SAMPLES, _FLAT_PEAK = 5, 4000  # as many alike at the peak: clipped before it came here
_LOUD_SHARE = 0.25  # of the loudest part: what is quieter is no second word
_LONG_MS = 6000  # without a pause; longer is no phrase
_ROOM_SHORTEST_S, _ROOM_LONGEST_S = 10, 60
_FADE_MS = 10


@dataclass(frozen=True, eq=False)
class Take:
    """A word as it is kept.

    Attributes:
        samples: (samples,) int16, the word in the middle of a second or more, with the room around it.
        word_ms: how long it sounds.
        peak_db: of full scale, 0 or less.
    """

    samples: NDArray[np.int16]
    word_ms: int
    peak_db: float


@dataclass(frozen=True)
class Refused:
    """What will not do: why, and what helps."""

    reason: str


def judge(recording: NDArray[np.int16], sample_rate_hz: int) -> Take | Refused:
    """The take in a recording of one word, or why there is none.

    Args:
        recording: (samples,) int16, the room before and after the word included.
    """
    if fault := _fault_of_level(recording):
        return Refused(fault)
    contrast = contrast_db(recording, sample_rate_hz)
    if contrast < _LEAST_CONTRAST_DB:
        return Refused(
            f"nothing stands out, the loudest is {contrast:.0f} dB above the room, expected "
            f"{_LEAST_CONTRAST_DB:.0f}; come closer, or wait until it is quieter"
        )
    parts = _words(recording, sample_rate_hz)
    if not parts:
        return Refused(f"nothing in it is as long as a word ({_SHORTEST_MS} ms or more), only clicks")
    if len(parts) > 1:
        return Refused(
            f"{len(parts)} things sound in it; say it once, without a pause, while nobody else speaks"
        )
    ((start, end),) = parts
    word_ms = 1000 * (end - start) // sample_rate_hz
    if word_ms > _LONGEST_MS:
        return Refused(
            f"it sounds for {word_ms / 1000:.1f} s, expected {_LONGEST_MS // 1000} s or less; say it once, "
            "while nobody else speaks"
        )
    edge = _EDGE_MS * sample_rate_hz // 1000
    if start < edge:
        return Refused("its beginning is cut off; speak a moment later")
    if len(recording) - end < edge:
        return Refused("its end is cut off; speak a moment sooner")
    length = max(_CLIP_MS, word_ms + _ROOM_MS) * sample_rate_hz // 1000
    around = _only(recording, start, end, 2 * length)
    samples = fit_clip(around, min(length, len(around)), sample_rate_hz)
    return Take(samples, word_ms, peak_db(samples))


def cut_words(recording: NDArray[np.int16], sample_rate_hz: int) -> Iterator[tuple[float, Take | Refused]]:
    """Each word of a recording in which one word is said again and again, and where it begins, in seconds."""
    parts = sounding_parts(recording, sample_rate_hz, PHRASE_PAUSE_MS)
    shortest = _SHORTEST_MS * sample_rate_hz // 1000
    words = [part for part in parts if part[1] - part[0] >= shortest]
    room = _CLIP_MS * sample_rate_hz // 1000
    for index, (start, end) in enumerate(words):
        before = words[index - 1][1] if index else 0
        behind = words[index + 1][0] if index + 1 < len(words) else len(recording)
        # Up to the middle of the pauses, so that nothing is in two takes.
        first = max(start - room, (before + start) // 2 if index else 0)
        last = min(end + room, (end + behind) // 2 if index + 1 < len(words) else len(recording))
        yield start / sample_rate_hz, judge(recording[first:last], sample_rate_hz)


def room_noise(recording: NDArray[np.int16], sample_rate_hz: int) -> NDArray[np.int16]:
    """What sounds between the words of a recording, up to a minute; nothing where that is too short.

    Returns:
        (samples,) int16: pauses of a second and more, less a quarter of a second at both ends, one after the
        other, faded into each other.
    """
    margin, fade = sample_rate_hz // 4, _FADE_MS * sample_rate_hz // 1000
    joined = np.zeros(0, np.float64)
    ends = 0
    starts = [
        *(part for part in sounding_parts(recording, sample_rate_hz, PHRASE_PAUSE_MS)),
        (len(recording),) * 2,
    ]
    ramp = np.linspace(0, 1, fade)
    for start, end in starts:
        piece = recording[ends + margin : max(0, start - margin)].astype(np.float64)
        ends = end
        if len(piece) < sample_rate_hz // 2:
            continue
        if len(joined):
            piece[:fade] = joined[-fade:] * (1 - ramp) + piece[:fade] * ramp
            joined = joined[:-fade]
        joined = np.append(joined, piece)
    if len(joined) < _ROOM_SHORTEST_S * sample_rate_hz:
        return np.zeros(0, np.int16)
    return np.rint(joined[: _ROOM_LONGEST_S * sample_rate_hz]).astype(np.int16)


def is_over(recording: NDArray[np.int16], sample_rate_hz: int) -> bool:
    """Whether a word was said in what was recorded so far, and a pause follows; or something far longer."""
    parts = _words(recording, sample_rate_hz)
    if not parts or contrast_db(recording, sample_rate_hz) < _LEAST_CONTRAST_DB:
        return False
    quiet_ms = 1000 * (len(recording) - parts[-1][1]) // sample_rate_hz
    return quiet_ms >= PHRASE_PAUSE_MS + _ROOM_MS // 2 or 1000 * (parts[-1][1] - parts[0][0]) > (
        _LONG_MS * sample_rate_hz
    )


def is_mute(recording: NDArray[np.int16]) -> bool:
    """Whether no sample differs from the others, as of a microphone that is off."""
    return bool(len(recording) == 0 or recording.min() == recording.max())


def peak_db(samples: NDArray[np.int16]) -> float:
    """The loudest sample, in dB of full scale; -90.3 for silence."""
    return _decibels(int(np.abs(samples.astype(np.int32)).max(initial=1)))


def _decibels(peak: int) -> float:
    return float(20 * np.log10(max(peak, 1) / 32768))


def clipped_samples(samples: NDArray[np.int16]) -> int:
    """How many samples a converter, or what came before it, has cut off at the top or at the bottom."""
    full = int(np.count_nonzero(np.abs(samples.astype(np.int32)) >= _FULL_SCALE))
    if full >= _FULL_SCALE_SAMPLES:
        return full
    flat = 0
    for limit in (samples.max(initial=0), samples.min(initial=0)):
        if abs(int(limit)) >= _FLAT_PEAK:
            at_limit = np.concatenate([[0], (samples == limit).astype(np.int8), [0]])
            (edges,) = np.nonzero(np.diff(at_limit))
            runs = edges[1::2] - edges[::2]
            flat += int(runs[runs >= _FLAT_SAMPLES].sum())
    return flat


def _fault_of_level(recording: NDArray[np.int16]) -> str:
    if is_mute(recording):
        return "there is no sound at all; is the microphone on, and is it this one (--device)?"
    centred = recording.astype(np.int32) - round(float(recording.mean()))
    if (peak := int(np.abs(centred).max())) < _LEAST_PEAK:
        return (
            f"it is too quiet: its peak is at {_decibels(peak):.0f} dB, expected -50 or more; come closer, "
            "or turn the microphone up"
        )
    if clipped := clipped_samples(recording):
        return f"it is clipped ({clipped} samples); speak less loudly, or turn the microphone down"
    return ""


def _words(recording: NDArray[np.int16], sample_rate_hz: int) -> list[tuple[int, int]]:
    """The parts that may be words: long enough, and not far quieter than the loudest."""
    shortest = _SHORTEST_MS * sample_rate_hz // 1000
    parts = [
        (start, end)
        for start, end in sounding_parts(recording, sample_rate_hz, PHRASE_PAUSE_MS)
        if end - start >= shortest
    ]
    levels = [float(recording[start:end].astype(np.float64).std()) for start, end in parts]
    loudest = max(levels, default=0.0)
    return [part for part, level in zip(parts, levels, strict=True) if level >= _LOUD_SHARE * loudest]


def _only(recording: NDArray[np.int16], start: int, end: int, length: int) -> NDArray[np.int16]:
    """The recording around a part of it, up to ``length``, as much before it as behind."""
    spare = max(0, length - (end - start)) // 2
    return recording[max(0, start - spare) : end + spare]
