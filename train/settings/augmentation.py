"""How far training clips are varied: their audio, before features are computed, and their features, after."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from train.core.errors import UserError

# What the microphones of users do to a recording: the least and the most gain, and a DC offset of int16.
MICROPHONE_GAINS = (0.05, 1.5)
MICROPHONE_DC = 1500.0


_FREQUENCIES = ("room_frequency", "filter_frequency", "codec_frequency", "snr_frequency")
AUDIO_CHANGES = ("speed", *_FREQUENCIES, "snr_low_db", "snr_high_db")


def _values(flag: str, text: str, kinds: Mapping[str, Callable[[str], Any]]) -> dict[str, Any]:
    """The values of ``NAME=VALUE,NAME=VALUE`` by their names; ``kinds``: what makes a value of its text.

    Raises:
        UserError: no such name, or no value.
    """
    values: dict[str, Any] = {}
    for item in text.split(","):
        name, _, value = item.partition("=")
        try:
            values[name] = kinds[name](value)
        except (KeyError, ValueError):
            raise UserError(
                f"{flag} {item}: expected none, or NAME=NUMBER with a NAME of {', '.join(kinds)}"
            ) from None
    return values


@dataclass(frozen=True)
class Augmentation:
    """How training clips are varied. The defaults are those of speech_commands.

    The gain, even in decibels from ``gain_low`` to ``gain_high``, and the offset come last, as a microphone
    brings them: to word and noise alike. What ``--audio-augmentation`` sets comes before, and is off.
    """

    time_shift_ms: float = 100.0
    background_volume: float = 0.1
    background_frequency: float = 0.8
    gain_low: float = 1.0
    gain_high: float = 1.0
    dc_offset: float = 0.0  # largest, either way, in steps of int16
    speed: float = 0.0  # share, either way, by which a clip is played faster, and higher
    room_frequency: float = 0.0  # share of clips that are heard in a room
    filter_frequency: float = 0.0  # share of clips that a cheap microphone colours
    codec_frequency: float = 0.0  # share of clips that went through a lossy codec
    snr_frequency: float = 0.0  # share of words in noise of some colour
    snr_low_db: float = 0.0  # of these: the least and the most
    snr_high_db: float = 20.0

    def __post_init__(self) -> None:
        if not 0 <= self.time_shift_ms < math.inf:  # not a number fails, too
            raise UserError(f"--time-shift-ms is {self.time_shift_ms}, expected 0 or more")
        if not 0 <= self.background_volume <= 1:
            raise UserError(f"--background-volume is {self.background_volume}, expected 0 to 1")
        if not 0 <= self.background_frequency <= 1:
            raise UserError(f"--background-frequency is {self.background_frequency}, expected 0 to 1")
        if not 0 < self.gain_low <= self.gain_high <= 100:
            raise UserError(
                f"--gain is {self.gain_low:g},{self.gain_high:g}, expected the least and the most, such as "
                "0.05,1.5, above 0 and up to 100"
            )
        if not 0 <= self.dc_offset <= 32768:
            raise UserError(f"--dc-offset is {self.dc_offset:g}, expected 0 to 32768 (steps of int16)")
        if not 0 <= self.speed <= 0.5:
            raise UserError(f"--audio-augmentation speed={self.speed:g}, expected 0 to 0.5")
        for name in _FREQUENCIES:
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"--audio-augmentation {name}={getattr(self, name):g}, expected 0 to 1")
        if not -60 <= self.snr_low_db <= self.snr_high_db <= 100:
            raise UserError(
                f"--audio-augmentation snr_low_db={self.snr_low_db:g},snr_high_db={self.snr_high_db:g}, "
                "expected the least and the most, -60 to 100"
            )

    def changed(self, text: str) -> "Augmentation":
        """These with the ``NAME=VALUE,NAME=VALUE`` of ``--audio-augmentation``; none: as they are.

        Raises:
            UserError: no such setting, or a value out of range.
        """
        if text == "none":
            return self
        return replace(self, **_values("--audio-augmentation", text, dict.fromkeys(AUDIO_CHANGES, float)))

    @property
    def has_microphone(self) -> bool:
        """Whether gain or offset change anything."""
        return (self.gain_low, self.gain_high, self.dc_offset) != (1.0, 1.0, 0.0)


@dataclass(frozen=True)
class FeatureAugmentation:
    """How far the features of training clips are varied; 0 leaves a thing alone.

    Source:
        masks: Park et al., "SpecAugment" (2019); warped frequency: Jaitly and Hinton, "Vocal Tract
        Length Perturbation" (2013).
    """

    shift_frames: float = 0.0  # either way
    time_stretch: float = 0.0  # share of the length, either way
    frequency_warp: float = 0.0  # share of the frequency, either way: a longer or shorter vocal tract
    gain_db: float = 0.0  # either way
    tilt_db: float = 0.0  # at both ends of the band, in opposite directions: another microphone
    noise_frequency: float = 0.0  # share of clips
    noise_volume: float = 0.0  # largest; 1 is the noise as it was recorded
    quieter_db: float = 0.0  # most that a microphone takes off, of word and noise alike
    louder_db: float = 0.0  # most that it adds
    room_frequency: float = 0.0  # share of clips that sound on
    room_t60_ms: float = 0.0  # longest time in which sound dies away by 60 dB
    time_masks: int = 0
    time_mask_frames: float = 0.0  # longest
    frequency_masks: int = 0
    frequency_mask_bins: float = 0.0  # widest

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            if not 0 <= value < math.inf:
                raise UserError(f"feature augmentation: {setting.name} is {value}, expected 0 or more")
        for name in ("time_stretch", "frequency_warp"):
            if getattr(self, name) > 0.5:
                raise UserError(f"feature augmentation: {name} is {getattr(self, name)}, expected 0 to 0.5")
        for name in ("noise_frequency", "room_frequency"):
            if getattr(self, name) > 1:
                raise UserError(f"feature augmentation: {name} is {getattr(self, name)}, expected 0 to 1")

    def changed(self, text: str) -> "FeatureAugmentation":
        """These with the settings of ``NAME=VALUE,NAME=VALUE``, or none of them for ``none``.

        Raises:
            UserError: no such setting, or a value out of range.
        """
        if text == "none":
            return FeatureAugmentation()
        kinds: dict[str, Any] = {setting.name: setting.type for setting in fields(self)}
        return replace(self, **_values("--feature-augmentation", text, kinds))

    def without_powers(self) -> "FeatureAugmentation":
        """These without what changes level and noise: the rest is for features of any kind."""
        return replace(
            self,
            gain_db=0.0,
            tilt_db=0.0,
            noise_frequency=0.0,
            noise_volume=0.0,
            quieter_db=0.0,
            louder_db=0.0,
            room_frequency=0.0,
            room_t60_ms=0.0,
        )

    @property
    def changes_powers(self) -> bool:
        """Whether level and noise are changed, for which features must be logarithms of powers."""
        return self != self.without_powers()

    @property
    def varies_level(self) -> bool:
        """Whether clips get the gains of other microphones here."""
        return self.quieter_db > 0 or self.louder_db > 0

    @property
    def is_none(self) -> bool:
        """Whether features pass as they are."""
        return self == FeatureAugmentation()
