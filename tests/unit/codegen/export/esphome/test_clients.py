"""Clients that run microWakeWord's models: pymicro-wakeword scores as we do, ESPHome takes the manifest."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from live_sounds import noisy
from wake_runs import POINT, WAKE

from train.detection.reference_listener import stream_rows
from train.tflite.tflm import TflmModel

STEM = "vad"


@pytest.fixture(scope="module")
def client(wake_export: Path):
    """pymicro-wakeword with the model of a word; its probabilities are not averaged."""
    if importlib.util.find_spec("pymicro_wakeword") is None:
        pytest.skip("package pymicro-wakeword is not installed")
    from pymicro_wakeword import MicroWakeWord

    found = MicroWakeWord.from_config(wake_export / f"{STEM}.json")
    assert found.stride == POINT.stride_rows
    yield found
    found.close()


def test_its_features_are_ours(client) -> None:
    """To the bit, also those of which our scale would have made another step."""
    from pymicro_wakeword import MicroWakeWordFeatures

    samples = noisy(3.0, 6)
    given = [it.reshape(-1) for it in MicroWakeWordFeatures().process_streaming(samples.tobytes())]
    quantized = np.round(np.stack(given) / client.input_scale + client.input_zero_point)
    rows = stream_rows(samples, WAKE)
    assert np.array_equal(quantized[: len(rows)], rows)
    assert len(np.unique(rows)) > 100


def test_its_scores_are_ours(client, wake_export: Path) -> None:
    """TensorFlow Lite rounds some otherwise than TFLite-Micro, by one step."""
    from pymicro_wakeword import MicroWakeWordFeatures

    samples = noisy(4.0, 5)
    client.reset()
    client._probabilities = type(client._probabilities)(maxlen=1)
    client.sliding_window_size = 1
    found = []
    for row, features in enumerate(MicroWakeWordFeatures().process_streaming(samples.tobytes())):
        probability = client.process_streaming_prob(features)
        if row % POINT.stride_rows == POINT.stride_rows - 1:
            found.append(round(256 * probability))
    rows = stream_rows(samples, WAKE)[: len(found) * POINT.stride_rows]
    made = TflmModel((wake_export / f"{STEM}.tflite").read_bytes(), STEM)
    expected = made.run(rows.reshape(len(found), POINT.stride_rows, -1))[:, 0].astype(int)
    assert len(np.unique(expected)) > 3
    assert np.abs(np.array(found) - expected).max() <= 1


@pytest.mark.slow
def test_esphome_takes_the_device(wake_export: Path, tmp_path: Path) -> None:
    beside_python = Path(sys.prefix) / "esphome" / "bin" / "esphome"  # an environment of its own: .ci/setup
    program = beside_python if beside_python.is_file() else shutil.which("esphome")
    if program is None:
        pytest.skip("ESPHome is not installed (.ci/setup sweep)")
    folder = tmp_path / "device"
    shutil.copytree(wake_export, folder)

    def check() -> subprocess.CompletedProcess[str]:
        arguments = [program, "config", "device.yaml"]
        return subprocess.run(arguments, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    done = check()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Configuration is valid!" in done.stdout + done.stderr
    path = folder / f"{STEM}.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"version": 2', '"version": 3'), encoding="utf-8"
    )
    assert check().returncode != 0, "it reads the manifest"
