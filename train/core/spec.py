"""What every stage agrees on: front end, labels, model. Frozen, validated, JSON.

This is the one place where the settings of the front end stand: Python uses them, C is generated from them.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from train.core.errors import UserError, check_version
from train.core.features.constants import CEPSTRUM, GAIN_CONTROL, LOG_SCALES, LogScale
from train.core.typed_json import Mismatch, decode, parse, require

SILENCE_LABEL, UNKNOWN_LABEL = "_silence_", "_unknown_"
SPEC_VERSION, _MOST_FEATURES = 1, 1 << 24  # of a clip
_TIMES = ("clip_duration_ms", "window_size_ms", "window_stride_ms")
_LIMITS = {"sample_rate_hz": 768_000} | dict.fromkeys(_TIMES, 60_000)

MICRO = "micro"  # TFLite-Micro's own
# Value of one step of a uint8 feature, by front end (docs/FRONT_ENDS.md); of log and log_mel in octaves: 1/8,
# and 0.1/ln 2 to five digits; of micro a 256th of the 26 that micro_speech has. 255 steps are exact in
# float32, in which a .tflite stores the range.
_FEATURE_SCALES = {"average": 0.5, "log": 0.125, "log_mel": 37819 / 2**18, "pcan": 2.0**-6, MICRO: 26 / 2**8}
FRONT_ENDS = tuple(_FEATURE_SCALES)
# Front ends of Python and model.pb, and of no board. Their features are int16, so that a step is too small to
# matter: 1/128 of mfcc, which stays within -248 and 80, and a sample of raw.
_HOST_FEATURE_SCALES = {"mfcc": 2.0**-7, "raw": 2.0**-15}
HOST_FRONT_ENDS = tuple(_HOST_FEATURE_SCALES)
_OF_MEL_BANDS = ("log_mel", "pcan", "mfcc")
DC_BLOCKED_FRONT_ENDS = ("log", "log_mel", "pcan")  # in new runs that do not say otherwise
MEL_TOP_HZ = 4000  # where the highest mel band ends, unless a front end says otherwise
_MICRO_RATE_HZ, _MICRO_FFT_LENGTH = 16000, 512  # with which micro was compared with others


@dataclass(frozen=True)
class FrontEnd:
    """Settings of the front end and all that follows from them.

    The formulas of frames and groups are those of speech_commands' ``prepare_model_settings`` for
    ``preprocess=average``. ``dc_block``: each window's mean is taken off (docs/adr/0020-dc-block.md).
    ``mel_top_hz``: where the highest of mel bands ends.
    """

    name: str = "average"
    sample_rate_hz: int = 16000
    clip_duration_ms: int = 1000
    window_size_ms: int = 30
    window_stride_ms: int = 20
    feature_bin_count: int = 40
    dc_block: bool = False
    mel_top_hz: int = MEL_TOP_HZ

    def __post_init__(self) -> None:
        if self.name not in (known := (*FRONT_ENDS, *HOST_FRONT_ENDS)):
            raise UserError(f"front end {self.name!r} is not known; known: {', '.join(known)}")
        for name, most in _LIMITS.items():
            if not 0 < (value := getattr(self, name)) <= most:
                raise UserError(f"front end: {name} is {value}, expected more than 0, at most {most}")
        if self.window_samples < 2 or self.stride_samples < 1:
            raise UserError(
                f"front end: a window of {self.window_size_ms} ms every {self.window_stride_ms} ms is "
                f"{self.window_samples} samples every {self.stride_samples} at {self.sample_rate_hz} Hz; "
                "expected at least 2 every 1"
            )
        if self.clip_samples < self.window_samples:
            raise UserError(
                f"front end: a clip of {self.clip_duration_ms} ms is shorter than "
                f"one window of {self.window_size_ms} ms"
            )
        if not 1 <= self.feature_bin_count <= self.fft_bins:
            raise UserError(
                f"front end: feature_bin_count is {self.feature_bin_count}, "
                f"expected 1 to {self.fft_bins} (the bins of a {self.fft_length}-point FFT)"
            )
        if self.feature_count > _MOST_FEATURES:
            raise UserError(f"front end: {self.feature_count} features, expected at most {_MOST_FEATURES}")
        if not isinstance(self.dc_block, bool):
            raise UserError(f"front end: dc_block is {self.dc_block!r}, expected true or false")
        if self.dc_block and self.is_raw:
            raise UserError("front end raw: its samples stay as they are; leave out --dc-block")
        if self.has_cepstrum and self.feature_bin_count > CEPSTRUM.bands:
            raise UserError(
                f"front end {self.name}: feature_bin_count is {self.feature_bin_count}, expected at most "
                f"{CEPSTRUM.bands}, the mel bands that its coefficients are of"
            )
        if self.has_mel_bands:
            self._check_mel_bands()
        elif self.mel_top_hz != MEL_TOP_HZ:
            raise UserError(
                f"front end {self.name}: mel_top_hz is {self.mel_top_hz}, but only those with mel bands, "
                f"{', '.join(_OF_MEL_BANDS)}, have a top that can be chosen; leave out --mel-top-hz"
            )
        if self.is_micro and (self.sample_rate_hz, self.fft_length) != (_MICRO_RATE_HZ, _MICRO_FFT_LENGTH):
            raise UserError(
                f"front end micro: windows of {self.window_size_ms} ms at {self.sample_rate_hz} Hz, expected "
                f"17 to 32 ms at {_MICRO_RATE_HZ} Hz; leave out --window-size-ms and --sample-rate-hz"
            )
        if self.is_micro and self.dc_block:
            raise UserError("front end micro: its bands begin at 125 Hz; leave out --dc-block")

    def _check_mel_bands(self) -> None:
        lowest_hz = CEPSTRUM.lowest_hz if self.has_cepstrum else 0
        if self.mel_top_hz <= lowest_hz:
            raise UserError(
                f"front end {self.name}: mel_top_hz is {self.mel_top_hz}, expected more than {lowest_hz}, "
                "where its lowest band begins"
            )
        if self.sample_rate_hz < 2 * self.mel_top_hz:
            raise UserError(
                f"front end {self.name}: sample_rate_hz is {self.sample_rate_hz}, expected at least "
                f"{2 * self.mel_top_hz}: its bands reach up to {self.mel_top_hz} Hz (--mel-top-hz)"
            )
        positions = self.mel_positions[self.mel_first_bin :]
        for band in range(1, self.mel_bands + 1):
            if not any(abs(position - band) < 1 for position in positions):
                fewer = "" if self.has_cepstrum else ", a smaller feature_bin_count"
                raise UserError(
                    f"front end {self.name}: band {band} of {self.mel_bands} lies between two bins of a "
                    f"{self.fft_length}-point FFT; expected a window longer than "
                    f"{self.window_size_ms} ms{fewer} or a higher mel_top_hz"
                )

    @property
    def clip_samples(self) -> int:
        return self.sample_rate_hz * self.clip_duration_ms // 1000

    @property
    def window_samples(self) -> int:
        return self.sample_rate_hz * self.window_size_ms // 1000

    @property
    def stride_samples(self) -> int:
        return self.sample_rate_hz * self.window_stride_ms // 1000

    @property
    def fft_length(self) -> int:
        """The next power of two that holds a window."""
        return 1 << (self.window_samples - 1).bit_length()

    @property
    def fft_bins(self) -> int:
        return self.fft_length // 2 + 1

    @property
    def bins_per_average(self) -> int:
        return self.fft_bins // self.feature_bin_count

    @property
    def is_deployable(self) -> bool:
        """Whether boards have this front end, too."""
        return self.name in FRONT_ENDS

    def check_deployable(self, where: object) -> None:
        """Raise a UserError if no board has this front end; ``where``: the run folder."""
        if not self.is_deployable:
            raise UserError(
                f"{where}: the front end {self.name} cannot be deployed on a board: only Python and model.pb "
                "have it, so that there is no model.tflite and no firmware; take model.pb, with earshot pi, "
                f"or train again with --preprocess {', '.join(FRONT_ENDS[:-1])} or {FRONT_ENDS[-1]}"
            )

    @property
    def is_raw(self) -> bool:
        """Whether the network is given the samples themselves: each is a frame of one bin."""
        return self.name == "raw"

    @property
    def is_micro(self) -> bool:
        """Whether features are those of TFLite-Micro's audio front end (train/audio/micro.py)."""
        return self.name == MICRO

    @property
    def has_cepstrum(self) -> bool:
        """Whether features are coefficients of the logarithms of mel bands."""
        return self.name == "mfcc"

    @property
    def has_mel_bands(self) -> bool:
        """Whether features are of mel bands, not of groups of adjacent FFT bins."""
        return self.name in _OF_MEL_BANDS

    @property
    def has_bands(self) -> bool:
        """Whether ``feature_bin_count`` is their number, and not the least number of groups."""
        return self.has_mel_bands or self.is_micro

    @property
    def mel_bands(self) -> int:
        return CEPSTRUM.bands if self.has_cepstrum else self.feature_bin_count

    @property
    def bins(self) -> int:
        """Features per frame. With the defaults 43, or 40 bands or coefficients."""
        if self.is_raw:
            return 1
        if self.has_bands:
            return self.feature_bin_count
        return -(-self.fft_bins // self.bins_per_average)

    @property
    def group_edges(self) -> tuple[int, ...]:
        """First FFT bin of each feature, and the end: bins + 1 numbers.

        The groups are those of TensorFlow's SAME pooling (docs/adr/0001-last-bin.md): half of the places that
        stay empty, rounded down, come before the first bin. With the defaults one does, behind the last.
        """
        size = self.bins_per_average
        empty_places = self.bins * size - self.fft_bins
        starts = (max(0, group * size - empty_places // 2) for group in range(self.bins))
        return (*starts, self.fft_bins)

    @property
    def mel_positions(self) -> tuple[float, ...]:
        """Where each FFT bin lies among the mel bands: at b in the middle of band b, which begins at b - 1.

        Bands count from 1 here, and all have the same width in mel, 1127 ln(1 + f / 700 Hz).
        """
        start = math.log1p(CEPSTRUM.lowest_hz / 700) if self.has_cepstrum else 0.0
        span, bin_hz = math.log1p(self.mel_top_hz / 700) - start, self.sample_rate_hz / self.fft_length
        return tuple(
            (math.log1p(number * bin_hz / 700) - start) / span * (self.mel_bands + 1)
            for number in range(self.fft_bins)
        )

    @property
    def mel_first_bin(self) -> int:
        """The first FFT bin that counts: the Mfcc op leaves out one that lies above where its bands begin."""
        bin_hz = self.sample_rate_hz / self.fft_length
        return int(1.5 + CEPSTRUM.lowest_hz / bin_hz) if self.has_cepstrum else 0

    @property
    def frames(self) -> int:
        """Frames per clip: 49 with the defaults."""
        if self.is_raw:
            return self.clip_samples
        return 1 + (self.clip_samples - self.window_samples) // self.stride_samples

    @property
    def feature_count(self) -> int:
        return self.frames * self.bins

    @property
    def feature_bytes(self) -> int:
        """What the quantized features of one clip take."""
        return self.feature_count * (1 if self.is_deployable else 2)

    @property
    def step_type(self) -> str:
        """NumPy's name of the type that quantized features have."""
        return "uint8" if self.is_deployable else "int16"

    @property
    def step_range(self) -> tuple[int, int]:
        """The lowest and the highest quantized feature."""
        return (0, 255) if self.is_deployable else (-(2**15), 2**15 - 1)

    @property
    def feature_min(self) -> float:
        return self.step_range[0] * self.feature_scale

    @property
    def feature_max(self) -> float:
        return self.step_range[1] * self.feature_scale

    @property
    def feature_scale(self) -> float:
        """Value of one step of a quantized feature; also the scale of the model's int8 input."""
        return (_FEATURE_SCALES | _HOST_FEATURE_SCALES)[self.name]

    @property
    def log_scale(self) -> LogScale | None:
        """How the power of a band becomes a feature; None where that is not by a logarithm alone."""
        return LOG_SCALES.get(self.name)

    @property
    def level_share(self) -> float:
        """Share of the newest frame in the level of a band, of ``pcan``."""
        return -math.expm1(-self.window_stride_ms / GAIN_CONTROL.time_constant_ms)

    @property
    def input_zero_point(self) -> int:
        """Zero point of the model's int8 input, so that int8 = uint8 - 128."""
        return -128

    @property
    def settings(self) -> dict[str, Any]:
        """By name, as files have them.

        ``dc_block`` and ``mel_top_hz`` only where they are not the default, so that older hashes still hold.
        """
        later = {"dc_block": False, "mel_top_hz": MEL_TOP_HZ}
        return {name: value for name, value in dataclasses.asdict(self).items() if later.get(name) != value}

    @property
    def sha256(self) -> str:
        """Identifies the front end; the firmware reports it."""
        text = json.dumps(self.settings, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class ModelSpec:
    """One trained model: front end, labels in output order, architecture.

    ``artefacts``: SHA-256 of files of the run folder. Stages refuse those that do not belong together.
    """

    labels: tuple[str, ...]
    architecture: str = "tiny_conv"
    front_end: FrontEnd = field(default_factory=FrontEnd)
    seed: int = 0
    artefacts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.labels[:2] != (SILENCE_LABEL, UNKNOWN_LABEL):
            raise UserError(
                f"labels start with {list(self.labels[:2])}, expected {SILENCE_LABEL}, {UNKNOWN_LABEL}"
            )
        if not self.words:
            raise UserError("there is no word to train; pass --words yes,no (any number of words)")
        if len(set(self.labels)) < len(self.labels):
            raise UserError(f"labels are {', '.join(self.labels)}, expected no label twice")

    @property
    def words(self) -> tuple[str, ...]:
        """The words to spot, without silence and unknown."""
        return self.labels[2:]

    def with_artefacts(self, artefacts: Mapping[str, str]) -> "ModelSpec":
        """The same spec with these hashes added or replaced."""
        return dataclasses.replace(self, artefacts={**self.artefacts, **artefacts})

    def to_json(self) -> str:
        """spec.json, byte for byte the same for the same spec."""
        content = {"version": SPEC_VERSION, **dataclasses.asdict(self), "front_end": self.front_end.settings}
        return json.dumps(content, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, where: str = "spec.json") -> "ModelSpec":
        """The spec that ``to_json`` wrote.

        Raises:
            UserError: not JSON, of another version, or with fields missing or unknown.
        """
        try:
            content = parse(text, "it")
            require(content, ("version",), "it")
            version = content.pop("version")
            check_version(version, SPEC_VERSION, where, "train again in another folder")
            require(content, ("front_end", "labels"), "it")
            return decode(cls, content, "it", allow_unknown=False)
        except Mismatch as error:
            raise UserError(f"{where}: not a spec.json of this version ({error}); train again") from error


def blocks_dc(front_end: str, asked: bool | None) -> bool:
    """Whether a new front end of that name takes means off; ``asked``: what the user says, if anything."""
    return front_end in DC_BLOCKED_FRONT_ENDS if asked is None else asked


def labels_for(words: tuple[str, ...]) -> tuple[str, ...]:
    """Labels in output order: silence, unknown, then the words."""
    return (SILENCE_LABEL, UNKNOWN_LABEL, *words)
