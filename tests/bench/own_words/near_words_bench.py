"""False accepts of words one sound away: make bench-near RUN=FOLDER, to out/bench/near_words.json.

Says common words that are one sound away from a word of the run, and its near misses, by synthetic voices of
the test split (of the run's seed, so that a run on synthetic voices was not trained on them), and counts how
many the int8 model takes for that word. Words of the run by the same voices are the control.
"""

import sys
from pathlib import Path

import numpy as np

from train.audio.frontend import model_input, wav_features
from train.audio.wav import to_float
from train.core import console, runfolder
from train.core.layout import TESTING
from train.core.pretrained.models import run_of
from train.core.spec import ModelSpec
from train.synth import acoustics, clip_plan, espeak, lexicon, timbre
from train.tflite.tflm import int8_model

_CLIPS = 20  # of each text
_NEAR_MISSES = 12  # texts of each word
_RATE_WPM = (110, 200)
_RESULT = Path("out/bench/near_words.json")


def main() -> None:
    """Speak, score and count."""
    run = run_of(sys.argv[1])
    spec = runfolder.read_spec(run, needs=[runfolder.TFLITE])
    model = int8_model((run / runfolder.TFLITE).read_bytes(), str(run))
    accents = espeak.accents("en")
    unknown = lexicon.unknown(spec.words, accents, None, spec.seed, 0.95)
    common = [folder for folder in unknown if not lexicon.is_made_for_training(folder)]
    rng, rows = np.random.default_rng(7), []
    for word in spec.words:
        kinds = {
            "said": [word],
            "common": sorted(lexicon.close_to([word], common, accents)),
            "near": [said.text for said in unknown[lexicon.near(word)]][:_NEAR_MISSES],
        }
        row: dict[str, object] = {"word": word}
        for kind, texts in kinds.items():
            clips = [_clip(text, spec, rng) for text in texts for _ in range(_CLIPS)]
            if clips:
                features = wav_features(to_float(np.stack(clips)), spec.front_end)
                told = model.run(model_input(features, spec.front_end)).argmax(axis=-1)
                row[kind] = {"clips": len(clips), "heard": int(np.sum(told == spec.labels.index(word)))}
        rows.append(row)
        console.say(f"{word:<12}{'  '.join(f'{kind} {row[kind]}' for kind in kinds if kind in row)}")
    runfolder.write_json(_RESULT, {"run": str(run), "words": rows})


def _clip(text: str, spec: ModelSpec, rng: np.random.Generator) -> np.ndarray:
    """A text by a voice of the test split, as recorded somewhere."""
    women_and_men = clip_plan.split_speakers(spec.seed)[TESTING]
    voices = [voice for voices in women_and_men for voice in voices]
    espeak.set_voice(str(rng.choice(["en-us", "en-gb"])), str(rng.choice(voices)))
    rate_hz = espeak.sample_rate_hz() * timbre.vocal_tract(rng)
    speech = acoustics.resampled(espeak.speak(text, rng.uniform(*_RATE_WPM), rng.uniform(20, 80)), rate_hz)
    longest = int(0.95 * spec.front_end.clip_samples)
    return acoustics.record(timbre.another_mouth(speech[:longest], rng), rng, spec.front_end.clip_samples)


if __name__ == "__main__":
    console.run(main)
