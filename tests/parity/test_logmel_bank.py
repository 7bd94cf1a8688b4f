"""``log_mel`` against the bank of official features it is to equal: ../shared/data/README.md.

A third of the archive's recordings of these words have another recording under their name in the bank, some
of them that of another number of the same speaker; they are told apart by an error that no fit explains.
"""

import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from places import RECORDINGS, SHARED

from train.audio.frontend import wav_features
from train.audio.wav import decode_wav, to_float
from train.core.spec import FrontEnd

BANK = SHARED / "data" / "speech_commands_logmel_bank.npz"
WORDS = ("bed", "cat", "happy")  # on the official partition in the archive, as in the bank
CLIP_SAMPLES = 16000
ANOTHER_RECORDING = 8.0  # steps of mean error from which on it is one

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (BANK.is_file() and RECORDINGS.is_file()), reason="../shared has no bank"),
]


@dataclass(frozen=True)
class Compared:
    """Clips of one class: (clips, 49, 40) int difference from the bank, in steps."""

    differences: np.ndarray

    @property
    def same(self) -> np.ndarray:
        """Those that are the same recording."""
        errors = np.abs(self.differences).mean(axis=(1, 2))
        return self.differences[errors < ANOTHER_RECORDING]


@pytest.fixture(scope="module")
def compared(recordings: Path) -> dict[str, Compared]:
    """By class: clips of a whole second, and shorter ones with zeros on both sides or behind."""
    with np.load(BANK) as bank:
        features = bank["features"]
        place = {key: index for index, key in enumerate(zip(bank["word"], bank["name"], strict=True))}
    differences: dict[str, list[np.ndarray]] = {"whole": [], "short, centred": [], "short, at the start": []}
    with tarfile.open(recordings) as archive:
        for member in archive:
            path = Path(member.name)
            if path.parent.name not in WORDS or (path.parent.name, path.stem) not in place:
                continue
            file = archive.extractfile(member)
            assert file is not None
            samples = decode_wav(file.read(), CLIP_SAMPLES)
            missing = CLIP_SAMPLES - len(samples)
            wanted = features[place[path.parent.name, path.stem]].astype(int)
            befores = {"short, centred": missing // 2, "short, at the start": 0} if missing else {"whole": 0}
            for kind, before in befores.items():
                audio = to_float(np.pad(samples, (before, missing - before)))[np.newaxis]
                differences[kind].append(wav_features(audio, FrontEnd("log_mel"))[0] - wanted)
    return {kind: Compared(np.array(found)) for kind, found in differences.items()}


@pytest.mark.slow
def test_whole_clips_are_the_bank_s(compared):
    """JPEG, through which the bank has gone, makes 3.6 steps of mean error, says its README."""
    whole = compared["whole"]
    by_band = np.abs(whole.same).mean(axis=(0, 1))
    for kind, one in compared.items():
        error = np.abs(one.same).mean() if len(one.same) else np.nan
        print(f"{kind}: {len(one.same)} of {len(one.differences)} clips the same, mean error {error:.2f}")
    print("by band, whole:", " ".join(f"{error:.1f}" for error in by_band))
    assert len(whole.differences) > 190
    assert len(whole.same) > 0.6 * len(whole.differences)
    assert np.abs(whole.same).mean() < 3.7
    assert by_band.max() < 4.5
    assert np.abs(whole.same.mean(axis=(0, 1))).max() < 1.0  # no band is louder or softer


def test_short_clips_are_centred_in_the_bank(compared):
    centred, at_start = compared["short, centred"], compared["short, at the start"]
    assert len(centred.same) >= 15
    assert len(at_start.same) <= 2
