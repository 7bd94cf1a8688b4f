"""What microphones, noise, rooms and pace cost, by recipe: ``make bench-robustness``.

The test clips of real recordings are heard by microphones of another gain and offset, in noise, in rooms,
faster and slower, and scored by the int8 model in TFLite-Micro's arithmetic. Finished runs in
out/robustness/ are kept. Writes out/bench/robustness.json, an object for each recipe and condition, and the
table in docs/MICROPHONES.md.
"""

import argparse
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import document_table  # beside this file, as the next one
import numpy as np
from numpy.typing import NDArray
from sweep import RECORDINGS, SHARED, SMALL, Run, check_recordings

from hil.boards.microphones.pdm import decimate, modulate
from train.audio.frontend import model_input, wav_features
from train.audio.wav import to_float, to_int16
from train.core import console, runfolder
from train.core.console import log
from train.core.errors import UserError
from train.core.layout import TESTING
from train.core.metrics import wilson_interval
from train.core.results.training import Metrics
from train.data.augment import elsewhere, microphone
from train.data.job_data import gather
from train.settings.augmentation import Augmentation
from train.settings.job import trained_job
from train.tflite.tflm import TflmModel
from train.tflite.tflm_pool import run_model

OUT = Path("out/bench/robustness.json")
_FOLDER = Path("out/robustness")
_SEED = 59185
_JOB = f"--words yes,no --data {RECORDINGS}"
_BEST = "best"  # this and the last are the runs of that name in docs/ACCURACY.md
_RECIPES = {
    "original": "",
    "original, DC blocked": "--dc-block",
    _BEST: SMALL,
    "with_bank": f"--data {SHARED / 'speech_commands_logmel_bank.npz'}@0.7 {SMALL} "
    "--architecture spectro_residual",
}
CLEAN = "as recorded"
Audio = NDArray[np.float32]  # (clips, clip_samples)
_LARGEST_LOSS = 0.03  # of the best recipe, in each of the next
_PROMISED = ("DC +1000", "gain 0.1", "gain 0.1, DC +1000", "SNR 10 dB")

Row = dict[str, Any]


def played_at(audio: Audio, speed: float) -> Audio:
    """As a clock records it that is slower by this factor: each sample lies that much further on."""
    places = np.arange(audio.shape[1])
    heard = [np.interp(places * speed, places, clip, right=0.0) for clip in audio]
    return np.array(heard, dtype=np.float32)


def band_limited(audio: Audio, share: float) -> Audio:
    """Without what lies above a share of the band: a recording that was made at a lower rate."""
    spectrum = np.fft.rfft(audio)
    spectrum[:, int(share * spectrum.shape[1]) :] = 0
    return np.fft.irfft(spectrum, audio.shape[1]).astype(np.float32)


def elsewhere_by(**settings: float) -> Callable[[Audio], Audio]:
    """Each clip in a room or in noise of its own: what ``--audio-augmentation`` of these settings draws."""

    def hear(audio: Audio) -> Audio:
        generator = np.random.default_rng(_SEED)
        augmentation = Augmentation(**settings)
        return np.array([elsewhere(clip, augmentation, generator, is_word=True) for clip in audio])

    return hear


def in_noise(snr_db: float) -> Callable[[Audio], Audio]:
    """In noise of any colour from white to brown."""
    return elsewhere_by(snr_frequency=1.0, snr_low_db=snr_db, snr_high_db=snr_db)


# The gain and the DC offset, in steps of int16, come last, as in a microphone.
def by_pdm(audio: Audio) -> Audio:
    """As a board with a PDM microphone hears it: 64 bits a sample, and what its firmware makes of them."""
    with multiprocessing.Pool() as pool:
        return np.array(pool.map(_of_bits, audio, chunksize=8))


def _of_bits(clip: NDArray[np.float32]) -> NDArray[np.float32]:
    heard = to_float(decimate(modulate(to_int16(clip))))
    return np.pad(heard, (0, max(0, len(clip) - len(heard))))[: len(clip)]


_CONDITIONS: dict[str, Callable[[Audio], Audio]] = {
    CLEAN: lambda audio: audio,
    "DC +500": lambda audio: microphone(audio, 1.0, 500),
    "DC +1000": lambda audio: microphone(audio, 1.0, 1000),
    "DC +3000": lambda audio: microphone(audio, 1.0, 3000),
    "gain 0.3": lambda audio: microphone(audio, 0.3, 0),
    "gain 0.1": lambda audio: microphone(audio, 0.1, 0),
    "gain 0.1, DC +1000": lambda audio: microphone(audio, 0.1, 1000),
    "gain 4, clipped": lambda audio: microphone(audio, 4.0, 0),
    "gain 16, clipped": lambda audio: microphone(audio, 16.0, 0),
    "recorded at 8 kHz": lambda audio: band_limited(audio, 0.5),
    "SNR 20 dB": in_noise(20),
    "SNR 10 dB": in_noise(10),
    "SNR 5 dB": in_noise(5),
    "SNR 0 dB": in_noise(0),
    "rooms": elsewhere_by(room_frequency=1.0),
    "10 % faster": lambda audio: played_at(audio, 1.1),
    "10 % slower": lambda audio: played_at(audio, 1 / 1.1),
    "clock 3 % slow": lambda audio: played_at(audio, 1.03),
    "sampled at 14.7 kHz": lambda audio: played_at(audio, 16 / 14.7),  # every third sample of 44.1 kHz
    "PDM microphone": by_pdm,
}


def planned() -> Iterator[tuple[str, Run]]:
    """Every recipe by its name, and the run of it."""
    for name, flags in _RECIPES.items():
        folder = _FOLDER / name.replace(", ", "-").replace(" ", "_")
        yield name, Run.of("robustness", folder, f"{_JOB} {flags}", _SEED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", action="append", choices=tuple(_RECIPES), help="only these columns (all)")
    parser.add_argument(
        "--run", action="append", metavar="RECIPE=FOLDER", help="these finished runs, in place of all others"
    )
    parser.add_argument(
        "--condition",
        action="append",
        choices=tuple(_CONDITIONS),
        help="only these rows, which are logged and written nowhere (all)",
    )
    flags = parser.parse_args()
    check_recordings()
    if flags.run:
        runs = [(name, Path(folder)) for name, _, folder in (text.partition("=") for text in flags.run)]
    else:
        for name, run in planned():
            if name in (flags.recipe or _RECIPES):
                run.finish()
        runs = [(name, run.folder) for name, run in planned() if run.is_finished]
    rows = [
        row for name, folder in runs for row in measure(name, folder, flags.condition or tuple(_CONDITIONS))
    ]
    if flags.condition:
        return  # they are logged
    runfolder.write_json(OUT, rows)
    document_table.write("MICROPHONES.md", "make bench-robustness", table(rows))
    print(f"{OUT}\ndocs/MICROPHONES.md")
    check(rows)


def measure(recipe: str, run: Path, conditions: Sequence[str]) -> list[Row]:
    """A row for each condition, of the test clips of a run."""
    spec = runfolder.read_spec(run, needs=[runfolder.TFLITE])
    material = gather(trained_job(run, spec), (TESTING,))
    split = material.splits[TESTING]
    audio = material.audio_of(TESTING).plain(split)
    labels = np.array([example.label for example in split.examples])
    metrics = Metrics.read(run / runfolder.METRICS)
    path = run / runfolder.TFLITE
    model = TflmModel(path.read_bytes(), str(path))

    def right(heard: Audio) -> int:
        scores = run_model(model, model_input(wav_features(heard, spec.front_end), spec.front_end))
        return int((scores.argmax(axis=1) == labels).sum())

    rows = []
    for condition in conditions:
        correct = right(_CONDITIONS[condition](audio))
        row = {
            "recipe": recipe,
            "condition": condition,
            "accuracy": correct / len(labels),
            "clips": len(labels),
            "interval": wilson_interval(correct, len(labels)),
            "command": metrics.command,
            "seed": metrics.seed,
            "label": "host",
        }
        log(f"{recipe}, {condition}: {100 * row['accuracy']:.1f} % of {len(labels)}")
        rows.append(row)
    return rows


def table(rows: list[Row]) -> str:
    """A line for each condition, a column for each recipe."""
    recipes = list(dict.fromkeys(row["recipe"] for row in rows))
    found = {(row["recipe"], row["condition"]): 100 * row["accuracy"] for row in rows}
    lines = [f"| microphone | {' | '.join(recipes)} |", "|---|" + "---|" * len(recipes)]
    for condition in _CONDITIONS:
        cells = " | ".join(f"{found[recipe, condition]:.1f} %" for recipe in recipes)
        lines.append(f"| {condition} | {cells} |")
    clips = " and ".join(sorted({f"{row['clips']:,}" for row in rows}))
    return "\n".join([*lines, "", f"{clips} test clips each, one seed."])


def check(rows: list[Row]) -> None:
    """Raise a UserError if the best recipe loses more than it may."""
    accuracies = {row["condition"]: row["accuracy"] for row in rows if row["recipe"] == _BEST}
    for condition in _PROMISED if accuracies else ():
        loss = accuracies[CLEAN] - accuracies[condition]
        if loss > _LARGEST_LOSS:
            raise UserError(
                f"{_BEST}, {condition}: loses {100 * loss:.1f} points, "
                f"expected at most {100 * _LARGEST_LOSS:g}"
            )


if __name__ == "__main__":
    console.run(main)
