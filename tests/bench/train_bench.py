"""Speed of features and training beside the obvious way, in one run: ``make bench``.

Ours: features in NumPy on all cores, a bank of augmented clips computed once, many steps
per call into TensorFlow. The obvious way, as the original trainer works: every step
decodes, augments and featurizes its hundred clips one by one with TensorFlow ops, then
takes one step. Writes out/bench/train.json.
"""

import argparse
import os
import random
import tempfile
import time
from pathlib import Path

import numpy as np

from train.audio.frontend import wav_features
from train.audio.wav import fit_length, read_wav, to_float
from train.core import console, runfolder
from train.core.layout import TRAINING
from train.core.native import import_tensorflow
from train.core.spec import FrontEnd
from train.data.job_data import Material, gather
from train.settings.augmentation import Augmentation
from train.settings.job import Job
from train.training.cluster import Distribution
from train.training.stage import train

_OUT = Path("out/bench/train.json")
_DEV_CORPUS = Path("../shared/data/speech_commands_dev.tar.xz")
_FEATURE_CLIPS = 6000
_ALTERNATIVE_CLIPS = 600
_ALTERNATIVE_STEPS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", default=str(_DEV_CORPUS) if _DEV_CORPUS.exists() else "synthetic", help="(%(default)s)"
    )
    flags = parser.parse_args()
    import_tensorflow()
    # A cache of its own: the recipe is timed with its features, not with those of an earlier run.
    with tempfile.TemporaryDirectory() as run_folder, tempfile.TemporaryDirectory() as cache:
        job = Job(words=("yes", "no"), data=flags.data)
        material = gather(job)
        os.environ["EARSHOT_CACHE"] = cache
        audio = _training_audio(material, job.front_end)
        ours = {"features_clips_per_s": _feature_rate(audio, job.front_end)}
        alternative = _alternative(material, audio, job)
        started = time.monotonic()
        trained = train(job, material, Path(run_folder), False, False, Distribution())
        ours["recipe_seconds"] = round(time.monotonic() - started, 1)
        ours["steps_per_s"] = trained["training"]["steps_per_s"]
        ours["bank_seconds"] = trained["timings_s"]["features"]
    result = {
        **ours,
        "recipe_steps": job.recipe.total_steps,
        "bank_clips": job.bank_clips,
        "label": "host",
        "cores": os.cpu_count(),
        "corpus": material.main.source.name,
        "alternative": alternative,
    }
    runfolder.write_json(_OUT, result)
    print(_OUT.read_text(encoding="utf-8"), end="")


def _training_audio(material: Material, front_end: FrontEnd) -> np.ndarray:
    """(clips, clip_samples) float32: training clips, repeated up to the number the benchmark wants."""
    paths = [example.clip.path for example in material.splits[TRAINING].examples if example.clip]
    clips = [fit_length(read_wav(path, front_end.sample_rate_hz), front_end.clip_samples) for path in paths]
    return to_float(np.stack([clips[index % len(clips)] for index in range(_FEATURE_CLIPS)]))


def _feature_rate(audio: np.ndarray, front_end: FrontEnd) -> float:
    """Clips per second, the best of three passes."""
    workers = os.cpu_count() or 1
    seconds = []
    for _ in range(3):
        started = time.monotonic()
        wav_features(audio, front_end, workers)
        seconds.append(time.monotonic() - started)
    return round(len(audio) / min(seconds), 1)


def _alternative(material: Material, audio: np.ndarray, job: Job) -> dict[str, float | str]:
    """The obvious way: TensorFlow ops clip by clip, everything recomputed at every step."""
    import keras
    import tensorflow as tf

    from train import architectures

    front_end = job.front_end
    graph = tf.Graph()
    with graph.as_default():
        wav = tf.compat.v1.placeholder(tf.string, [])
        shift = tf.compat.v1.placeholder(tf.int32, [2, 2])
        start = tf.compat.v1.placeholder(tf.int32, [2])
        noise = tf.compat.v1.placeholder(tf.float32, [front_end.clip_samples, 1])
        volume = tf.compat.v1.placeholder(tf.float32, [])
        decoded = tf.audio.decode_wav(wav, 1, front_end.clip_samples).audio
        padded = tf.slice(tf.pad(decoded, shift), start, [front_end.clip_samples, -1])
        mixed = tf.clip_by_value(padded + noise * volume, -1.0, 1.0)
        power = tf.raw_ops.AudioSpectrogram(
            input=mixed,
            window_size=front_end.window_samples,
            stride=front_end.stride_samples,
            magnitude_squared=True,
        )
        pool = [1, 1, front_end.bins_per_average, 1]
        features = tf.nn.avg_pool2d(tf.expand_dims(power, -1), pool, pool, "SAME")
    model = architectures.build("tiny_conv", front_end, len(job.spec.labels), job.recipe.dropout, job.seed)
    model.compile(
        keras.optimizers.Adam(0.001), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"]
    )
    examples = [example for example in material.splits[TRAINING].examples if example.clip]
    generator = random.Random(job.seed)
    limit = int(Augmentation().time_shift_ms * front_end.sample_rate_hz / 1000)
    session = tf.compat.v1.Session(graph=graph)  # not entered: Keras runs eagerly beside it

    def one_clip(path: Path) -> np.ndarray:
        moved = generator.randint(-limit, limit - 1)
        feeds = {
            wav: path.read_bytes(),
            shift: [[max(moved, 0), max(-moved, 0)], [0, 0]],
            start: [max(-moved, 0), 0],
            noise: audio[generator.randrange(len(audio))][:, np.newaxis],
            volume: generator.uniform(0, 0.1),
        }
        return session.run(features, feeds)[0]

    one_clip(examples[0].clip.path)
    started = time.monotonic()
    for index in range(_ALTERNATIVE_CLIPS):
        one_clip(examples[index % len(examples)].clip.path)
    clips_per_s = _ALTERNATIVE_CLIPS / (time.monotonic() - started)
    seconds = 0.0
    for step in range(_ALTERNATIVE_STEPS + 1):
        started = time.monotonic()
        batch = [generator.choice(examples) for _ in range(job.recipe.batch_size)]
        inputs = np.stack([one_clip(example.clip.path) for example in batch])
        model.train_on_batch(inputs, np.array([example.label for example in batch]))
        if step:  # the first one traces the graph
            seconds += time.monotonic() - started
    steps_per_s = _ALTERNATIVE_STEPS / seconds
    return {
        "what": "TensorFlow ops clip by clip, recomputed at every step, one Keras step at a time",
        "features_clips_per_s": round(clips_per_s, 1),
        "steps_per_s": round(steps_per_s, 2),
        "recipe_seconds": round(job.recipe.total_steps / steps_per_s, 1),
        "recipe_label": f"estimated from {_ALTERNATIVE_STEPS} steps",
    }


if __name__ == "__main__":
    console.run(main)
