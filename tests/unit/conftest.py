"""A miniature model and run folder for the tests of what comes after quantization."""

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from train.audio import wav
from train.core import runfolder
from train.core.spec import ModelSpec, labels_for

WORDS = ("yes", "größe")


def convert_tiny(quantized: bool) -> bytes:
    """A tiny_conv with random weights, four labels, as TensorFlow's converter writes it."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(1)
    entry = keras.Input((49, 43, 1), batch_size=1)
    layer = keras.layers.Conv2D(8, (10, 8), strides=2, padding="same", activation="relu")(entry)
    layer = keras.layers.Dense(4)(keras.layers.Flatten()(layer))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(entry, keras.layers.Softmax()(layer)))
    if quantized:
        rng = np.random.default_rng(1)
        samples = rng.uniform(0, 127.5, (8, 1, 49, 43, 1)).astype(np.float32)
        samples[:, 0, 0, :2, 0] = 0, 127.5  # the whole range, so that the input scale is 0.5
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([sample] for sample in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


@pytest.fixture(scope="session")
def tiny_models(once: Callable[..., Path]) -> Path:
    """``int8.tflite`` and ``float.tflite``; most processes that read them need no TensorFlow."""

    def make(folder: Path) -> None:
        for name, quantized in (("int8", True), ("float", False)):
            (folder / f"{name}.tflite").write_bytes(convert_tiny(quantized))

    return once("tiny_models", make)


@pytest.fixture(scope="session")
def tiny_tflite(tiny_models: Path) -> bytes:
    """The int8 .tflite: CONV_2D, RESHAPE, FULLY_CONNECTED, SOFTMAX."""
    return (tiny_models / "int8.tflite").read_bytes()


@pytest.fixture(scope="session")
def float_tflite(tiny_models: Path) -> bytes:
    """The same network in float32."""
    return (tiny_models / "float.tflite").read_bytes()


def tone(frequency_hz: float, amplitude: float = 0.05) -> np.ndarray:
    """(16000,) int16 sine."""
    seconds = np.arange(16000) / 16000
    return wav.to_int16((amplitude * np.sin(2 * np.pi * frequency_hz * seconds)).astype(np.float32))


@pytest.fixture
def make_run(tmp_path: Path, tiny_tflite: bytes) -> Callable[..., Path]:
    """Builds a run folder: ``make_run(clips={"yes_1.wav": "yes"}, words=("yes", "no"))``."""

    def make(
        clips: dict[str, str] | None = None, words: tuple[str, ...] = WORDS, tflite: bytes = tiny_tflite
    ) -> Path:
        run = tmp_path / "run"
        if clips is None:
            clips = {"yes_1.wav": "yes", "größe_1.wav": "größe", "_silence__1.wav": "_silence_"}
        runfolder.write_bytes(run / runfolder.TFLITE, tflite)
        runfolder.write_spec(run, ModelSpec(labels=labels_for(words)), [runfolder.TFLITE])
        entries = []
        for number, (name, label) in enumerate(clips.items()):
            # 44 Hz short of the Nyquist frequency is among them: it lands in the last, shorter bin
            audio = tone((430.0, 7956.0, 2950.0)[number % 3])
            runfolder.write_bytes(run / "clips" / name, wav.encode_wav(audio, 16000))
            entries.append({"file": name, "label": label, "source": f"corpus/{name}"})
        runfolder.write_json(run / "clips" / "clips.json", entries)
        return run

    return make


@pytest.fixture
def write_corpus(tmp_path: Path) -> Callable[[dict[str, np.ndarray | bytes | str]], Path]:
    """Writes files of a corpus, samples as 16 kHz WAVs: ``write_corpus({"yes/a_nohash_0.wav": samples})``."""

    def write(files: dict[str, np.ndarray | bytes | str]) -> Path:
        root = tmp_path / "corpus"
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, np.ndarray):
                content = wav.encode_wav(content, 16000)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return root

    return write


@pytest.fixture
def ctrl_c_is_heard():
    """Whatever started the tests may ignore Ctrl-C, as shells do for background jobs."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)
