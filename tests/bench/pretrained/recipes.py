"""The models that ship: what each is, and the command that makes it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

LICENCE = "CC BY 4.0"
ATTRIBUTION = "Pete Warden, Speech Commands (arXiv 1804.03209)"
# What commands call the recordings, and a bank of features of other clips of the same corpus.
TRAINED_ON, TESTED_ON = "speech_commands_train", "speech_commands_dev.tar.xz"
BANK = "speech_commands_logmel_bank.npz"
BEGUN_ON = "speech_commands_start"  # TRAINED_ON without LEFT_OUT
# What `words` has never heard, so that it can be measured on them.
LEFT_OUT = ("bed", "cat", "happy", "stop", "go", "left")
_TEN = "yes,no,up,down,left,right,on,off,stop,go"
_KNOWN = "yes,no,up,down,right,on,off,bird,dog,eight,five,four,one,three,two,zero,forward"


@dataclass(frozen=True)
class Recipe:
    """A model that ships, or one on the way to it.

    Attributes:
        words: as --words takes them.
        flags: all others; recordings, the bank and teachers by the names above and of recipes.
        stream_minutes: of each of four streams that thresholds are chosen and measured on; None: of training.
    """

    name: str
    summary: str
    words: str
    flags: str
    stream_minutes: int | None = 120

    @property
    def command(self) -> str:
        """What ``earshot`` is called with, by names."""
        return f"train --words {self.words} {self.flags}"

    def arguments(self, places: Mapping[str, Path]) -> list[str]:
        """The same for a computer: each name as the place of what it names."""
        found = []
        for text in shlex.split(self.command):
            name, at, share = text.partition("@")
            found.append(f"{places[name]}{at}{share}" if name in places else text)
        return found

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The names of what it is trained on."""
        return tuple(name for name in (TRAINED_ON, BEGUN_ON, BANK) if name in self._named)

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of recipes that it learns from or begins with."""
        return tuple(first.name for first in FIRST if first.name in self._named)

    @property
    def teachers(self) -> tuple[str, ...]:
        """The names of those that it learns from."""
        flags = shlex.split(self.flags)
        return tuple(name for flag, name in pairwise(flags) if flag == "--teacher")

    @property
    def begins_with(self) -> str | None:
        """The name of the one that it begins with."""
        return next((name for name in self.needs if name not in self.teachers), None)

    @property
    def _named(self) -> set[str]:
        return {text.partition("@")[0] for text in shlex.split(self.flags)}


_PRESET = "--preset best --recipe strong"  # the recipe that `best` had when these were trained
_BOTH = f"--data {TRAINED_ON} --data {BANK}@0.6 --test-data {TESTED_ON} {_PRESET} --bank-clips 80000"
# Half of what the recipe changes about features: more than a small network can take in.
_FEW_CHANGES = (
    "--feature-augmentation time_masks=1,frequency_masks=1,time_stretch=0.04,frequency_warp=0.03,"
    "noise_frequency=0.3"
)
FIRST = (
    Recipe(
        "ten_words_teacher",
        "What the network of ten_words learns from; it is too large to ship.",
        _TEN,
        f"{_BOTH} --architecture spectro_temporal_large --training-steps 12000 --learning-rate 0.004 "
        "--dropout 0.2 --mixup 0.3 --average-steps 500 --false-accepts-per-hour 60",
    ),
    Recipe(
        "ten_words_record",
        "The most accurate on single clips, which ten_words begins with; in a stream it hears less.",
        _TEN,
        f"{_BOTH} --architecture spectro_residual --training-steps 36000 --teacher ten_words_teacher "
        f"--teacher-scores cached {_FEW_CHANGES}",
    ),
)
RECIPES = (
    Recipe(
        "words",
        "A start for words of your own: it knows seventeen others.",
        _KNOWN,
        f"--data {BEGUN_ON} --test-data {TESTED_ON} {_PRESET} --start-from nothing --training-steps 8000",
        stream_minutes=None,  # nobody waits for these words
    ),
    Recipe(
        "ten_words",
        "The ten command words of Speech Commands, anything else, and silence.",
        _TEN,
        # Beside people, voices that talk on; more other words, and those that pass for words most of all.
        f"--data {TRAINED_ON} --data {BANK}@0.55 --data synthetic@0.1 --test-data {TESTED_ON} {_PRESET} "
        "--bank-clips 80000 --unknown-percentage 30 --silence-percentage 15 --class-balance 0.6 "
        "--hard-negatives 8 --architecture spectro_residual --start-from ten_words_record "
        f"--training-steps 7000 --learning-rate 0.002 --average-steps 500 {_FEW_CHANGES},shift_frames=8 "
        "--false-accepts-per-hour 60",
    ),
    Recipe(
        "yes_no",
        "Yes and no.",
        "yes,no",
        f"--data {TRAINED_ON} --data {BANK}@0.4 --data synthetic@0.2 --test-data {TESTED_ON} {_PRESET} "
        "--start-from nothing --hard-negatives 8 --unknown-percentage 100 --silence-percentage 60 "
        f"--training-steps 10000 {_FEW_CHANGES},shift_frames=8 --false-accepts-per-hour 60",
    ),
)
# Networks by what they cost, each trained the same way: `make bench-curve`.
CURVE = tuple(
    Recipe(
        architecture,
        f"The ten words by {architecture}.",
        _TEN,
        f"{_BOTH} --start-from nothing --architecture {architecture} --training-steps 6000 "
        f"--average-steps 300 --false-accepts-per-hour 60 {_FEW_CHANGES}",
        stream_minutes=None,
    )
    for architecture in (
        "spectro_light",
        "spectro_coarse",
        "temporal",
        "spectro_temporal",
        "spectro_residual",
        "ds_cnn",
        "spectro_deep",
    )
)
