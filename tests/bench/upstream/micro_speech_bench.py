"""Upstream's micro_speech with our files: ``EARSHOT_TFLM=CHECKOUT micro_speech_bench.py RUN``.

CHECKOUT is tensorflow/tflite-micro, outside of this repository; RUN was trained with --preprocess micro. Of
each clip the features and scores of Earshot (Python's front end, TFLite-Micro's scores of model.tflite) are
compared with those of

- evaluate.py of the checkout, as it is, with the package tflite-micro, and the files of --to micro_speech;
- the same with upstream's own audio_preprocessor_int8.tflite, to tell how much that one differs;
- gen/*/bin/micro_speech_test* of the checkout, if somebody built one, by the example's README, after the
  files of --to micro_speech were copied there, with upstream's micro_speech_test.cc or ours. A copy with
  other clips in it is run for each.

All goes to out/bench/micro_speech.json. What is not there is told and left out. Nothing is built here.
"""

import argparse
import importlib.util
import json
import os
import re
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tflite_micro.python.tflite_micro import runtime
from upstream_program import Program, counts  # beside this file

from codegen.export.folder import contents_of
from codegen.export.formats import FORMATS
from codegen.export.library import load_library
from codegen.export.micro_speech.ports import UPSTREAM
from codegen.feature_tests import FeatureTest, load_tests, pick_audio_test
from train.audio import frontend, wav
from train.core import console, runfolder
from train.core.errors import UserError
from train.core.spec import ModelSpec
from train.data.sources import root_of
from train.tflite.tflm import int8_model

_OUT = Path("out/bench/micro_speech.json")
_RECORDINGS = Path("../shared/data/speech_commands_dev.tar.xz")
_EXAMPLE = "tflite_micro.tensorflow.lite.micro.examples.micro_speech"
_PREPROCESSOR, _MODEL = "audio_preprocessor_int8.tflite", "micro_speech_quantized.tflite"
_OWN_CLIPS = ("no", "yes", "silence", "noise")  # in the order of upstream's tests
_PASSED = "~~~ALL TESTS PASSED~~~"


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips, and what Earshot makes of them.

    Attributes:
        samples: (clips, 16000) int16.
        features: (clips, 49, 40) int8.
        scores: (clips, labels) int8.
    """

    samples: NDArray[np.int16]
    features: NDArray[np.int8]
    scores: NDArray[np.int8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="run folder, trained with --preprocess micro")
    parser.add_argument("--data", default=str(_RECORDINGS), help=f"corpus ({_RECORDINGS})")
    parser.add_argument("--clips", type=int, default=240, metavar="N", help="of the corpus (240)")
    flags = parser.parse_args()
    console.run(lambda: _bench(flags.run, flags.data, flags.clips))


def _bench(run: Path, data: str, clip_count: int) -> None:
    checkout = Path(os.environ.get("EARSHOT_TFLM", ""))
    example = checkout / UPSTREAM.root
    if "EARSHOT_TFLM" not in os.environ or not (example / "evaluate.py").is_file():
        console.say(
            f"skipped: EARSHOT_TFLM={os.environ.get('EARSHOT_TFLM', '')} names no checkout of "
            "tensorflow/tflite-micro with examples/micro_speech/evaluate.py"
        )
        return
    spec = runfolder.read_spec(run, needs=[runfolder.TFLITE])
    files = contents_of(load_library(run), FORMATS["micro_speech"])
    ours = {name.rpartition("/")[2]: content for name, content in files.items() if name.endswith(".tflite")}
    clips = _clips(run, spec, data, clip_count)
    upstreams = (example / "models" / _PREPROCESSOR).read_bytes()
    evaluate = _evaluate(example)
    result: dict[str, object] = {
        "label": "host",
        "clips": len(clips.samples),
        "model_sha256": spec.artefacts[runfolder.TFLITE],
        "evaluate": _by_evaluate(evaluate, ours[_PREPROCESSOR], ours[_MODEL], clips),
        "evaluate_with_upstreams_preprocessor": (
            {"skipped": f"models/{_PREPROCESSOR} there is ours; git checkout brings upstream's back"}
            if upstreams == ours[_PREPROCESSOR]
            else _by_evaluate(evaluate, upstreams, ours[_MODEL], clips)
        ),
        "programs": _by_programs(example, run, spec, ours, clips),
    }
    runfolder.write_json(_OUT, result)
    console.say(json.dumps(result, indent=2))


def _clips(run: Path, spec: ModelSpec, data: str, count: int) -> Clips:
    """Of every folder, evenly."""
    paths = sorted(
        path
        for path in root_of(data, ()).glob("*/*.wav")
        if not path.parent.name.startswith("_")  # noise is longer than a clip
    )
    if len(paths) < count:
        raise UserError(f"{data}: has {len(paths)} clips, expected at least {count}")
    chosen = paths[:: len(paths) // count][:count]
    rate_hz, length = spec.front_end.sample_rate_hz, spec.front_end.clip_samples
    samples = np.stack([wav.fit_length(wav.read_wav(path, rate_hz), length) for path in chosen])
    steps = frontend.wav_features(wav.to_float(samples), spec.front_end)
    features = frontend.model_input(steps, spec.front_end)
    model = int8_model((run / runfolder.TFLITE).read_bytes(), str(run))
    return Clips(samples, features, model.run(features))


def _by_evaluate(evaluate: Any, preprocessor: bytes, tflite: bytes, clips: Clips) -> dict[str, object]:
    """What generate_features() and predict() of evaluate.py give, beside ours."""
    hearing = _Preprocessor(preprocessor)
    interpreter = runtime.Interpreter.from_bytes(tflite)
    features, scores = [], []
    for samples in clips.samples:
        hearing.samples = tf.convert_to_tensor(samples[np.newaxis])
        features.append(evaluate.generate_features(hearing))
        probabilities = evaluate.predict(interpreter, features[-1])
        scores.append(np.rint(probabilities * 256).astype(int) - 128)
    return {
        "features": _compared(np.array(features), clips.features),
        "scores": _compared(np.array(scores), clips.scores),
        "top_labels": _compared(
            np.array(scores).argmax(axis=1)[:, np.newaxis], clips.scores.argmax(axis=1)[:, np.newaxis]
        ),
    }


class _Preprocessor:
    """Stands in for AudioPreprocessor of audio_preprocessor.py, whose operators no package brings.

    That class makes its .tflite itself, by the operators of the signal library; this one is given it.
    """

    params = types.SimpleNamespace(
        use_float_output=False, window_size_ms=30, window_stride_ms=20, sample_rate=16000
    )

    def __init__(self, tflite: bytes) -> None:
        self._interpreter = runtime.Interpreter.from_bytes(tflite)
        self.samples: Any = None

    def reset_tflm(self) -> None:
        self._interpreter.reset()

    def generate_feature_using_tflm(self, frame: Any) -> Any:
        self._interpreter.set_input(frame.numpy(), 0)
        self._interpreter.invoke()
        return tf.convert_to_tensor(self._interpreter.get_output(0))


def _evaluate(example: Path) -> types.ModuleType:
    """The checkout's evaluate.py, which imports a module that this file stands in for."""
    stand_in = types.ModuleType(f"{_EXAMPLE}.audio_preprocessor")
    vars(stand_in).update(AudioPreprocessor=_Preprocessor)
    sys.modules |= {f"{_EXAMPLE}.audio_preprocessor": stand_in}
    package = types.ModuleType(_EXAMPLE)
    vars(package).update(audio_preprocessor=stand_in, __path__=[])
    parents = _EXAMPLE.split(".")
    for depth in range(2, len(parents)):
        name = ".".join(parents[:depth])
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            sys.modules[name] = types.ModuleType(name)
            vars(sys.modules[name]).update(__path__=[])
    sys.modules[_EXAMPLE] = package
    found = importlib.util.spec_from_file_location("upstream_evaluate", example / "evaluate.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _by_programs(
    example: Path, run: Path, spec: ModelSpec, ours: dict[str, bytes], clips: Clips
) -> dict[str, object]:
    """What each micro_speech_test that has our models finds of the clips, when its own are replaced in it."""
    binaries = sorted(example.parents[4].glob("gen/*/bin/micro_speech_test*"))
    programs = [Program(path) for path in binaries]
    fitting = [it for it in programs if all(it.holds(tflite) for tflite in ours.values())]
    if not fitting:
        return {
            "skipped": f"gen/*/bin/micro_speech_test: {len(programs)} in the checkout, none with this model; "
            "copy the files of --to micro_speech there and build it by the example's README"
        }
    tests = load_tests(run, spec, int8_model((run / runfolder.TFLITE).read_bytes(), str(run)))
    its_own = [
        wav.read_wav(example / "testdata" / f"{name}_1000ms.wav", spec.front_end.sample_rate_hz).tobytes()
        for name in _OWN_CLIPS
    ]
    results: dict[str, object] = {}
    for program in fitting:
        if all(program.holds(clip) for clip in its_own):
            results[program.path.name] = _by_upstreams_test(program, its_own, clips)
        else:
            results[program.path.name] = _by_our_test(program, pick_audio_test(tests, spec), clips)
    return results


def _by_our_test(program: Program, test: FeatureTest, clips: Clips) -> dict[str, object]:
    """Of the micro_speech_test.cc of the export: it compares features and scores itself."""
    audio, expected = test.samples.tobytes(), test.features.tobytes() + test.scores.tobytes()
    if not (program.holds(audio) and program.holds(expected)):
        return {"skipped": "it was built of another micro_speech_test.cc"}
    features = scores = passed = 0
    for samples, row, score in zip(clips.samples, clips.features, clips.scores, strict=True):
        output = program.output([(audio, samples.tobytes()), (expected, row.tobytes() + score.tobytes())])
        features += sum(counts(output, r"of \d+ features differ"))
        scores += sum(counts(output, "scores differ"))
        passed += _PASSED in output
    return {
        "features": {"compared": int(clips.features.size), "differing": features},
        "scores": {"compared": int(clips.scores.size), "differing": scores},
        "clips_passed": passed,
    }


def _by_upstreams_test(program: Program, its_own: list[bytes], clips: Clips) -> dict[str, object]:
    """Of upstream's micro_speech_test.cc: it prints scores of four clips, in parts of one."""
    found: list[list[int]] = []
    for start in range(0, len(clips.samples), len(its_own)):
        samples = clips.samples[start : start + len(its_own)]
        output = program.output(zip(its_own, (clip.tobytes() for clip in samples), strict=False))
        printed = [round(float(part) * 256) - 128 for part in re.findall(r"^  ([01]\.\d{4}) ", output, re.M)]
        labels = clips.scores.shape[1]
        found += [printed[place : place + labels] for place in range(0, labels * len(samples), labels)]
    return {"scores": _compared(np.array(found), clips.scores)}


def _compared(found: NDArray[Any], expected: NDArray[Any]) -> dict[str, int]:
    distance = np.abs(found.astype(int) - expected.astype(int))
    return {
        "compared": int(expected.size),
        "differing": int(np.count_nonzero(distance)),
        "largest": int(distance.max()),
    }


if __name__ == "__main__":
    main()
