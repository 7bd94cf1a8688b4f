"""Run folders whose models know the tones of ``tests/conftest.py``'s corpus without having been trained."""

from pathlib import Path

import numpy as np

from train.core import runfolder
from train.core.spec import FrontEnd, ModelSpec, labels_for

# Bins of 187.5 Hz that the tones of all speakers fall into.
_BINS = {"yes": (2, 3), "no": (8, 9), "bed": (14, 15), "cat": (21, 22, 23)}


def write_run(
    run: Path,
    words: tuple[str, ...] = ("yes", "no"),
    *,
    front_end: str = "average",
    gain: float = 1.0,
    deaf_to: tuple[str, ...] = (),
) -> Path:
    """A run folder with ``model.keras`` alone.

    Args:
        gain: how sure it is.
        deaf_to: tones that it takes for silence.
    """
    import keras

    spec = ModelSpec(labels_for(words), front_end=FrontEnd(front_end))
    entry = keras.Input((49, 43, 1))
    mean = keras.layers.GlobalAveragePooling2D(data_format="channels_first")(
        keras.layers.Permute((2, 1, 3))(entry)
    )
    dense = keras.layers.Dense(len(spec.labels), name="labels_softmax", activation="softmax")
    model = keras.Model(entry, dense(mean))
    kernel = np.zeros((43, len(spec.labels)), np.float32)
    for tone, bins in _BINS.items():
        if tone not in deaf_to:
            label = spec.labels.index(tone) if tone in words else 1
            kernel[list(bins), label] += gain / len(bins)
            kernel[:, label] -= gain / len(kernel)  # what all bins have says nothing
    bias = np.array([1.0] + [0.0] * (len(spec.labels) - 1), np.float32)
    dense.set_weights([kernel, bias])
    run.mkdir(parents=True)
    model.save(run / runfolder.KERAS)
    runfolder.write_spec(run, spec, [runfolder.KERAS])
    return run
