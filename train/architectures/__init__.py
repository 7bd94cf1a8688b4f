"""The registry of network architectures: every file of this package that does not start with ``_``.

A new architecture is one new file here, with a docstring (source, layers, parameters) and

    def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model

A network that is itself on one front end only has that as ``FRONT_END: FrontEnd``; one that is made for
another than the default one has ``USUAL_FRONT_END``; one that fits on no board and breaks the challenge's
rules has the reason as ``NOT_DEPLOYABLE: str``. The model is a functional one. Its input ``features`` is
(frames, bins, 1) float32 as ``compute_features`` gives them; its output is the layer ``labels_softmax``: a
softmax, or a sigmoid where each label is asked for on its own. One that is made for windows which follow each
other by so many rows has that as ``STRIDE_ROWS: int``. ``model.pb`` takes the names of its weights from the
names of the layers: layer ``first`` makes ``first_weights`` and ``first_bias``.

Importing this package imports no TensorFlow, so that ``--help`` can list the names.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from train.core.errors import UserError
from train.core.files.plain import first_line, open_plain
from train.core.files.zips import TooMuch, check_inflation, open_zip
from train.core.operating_point import INFERENCE_STRIDE_ROWS
from train.core.spec import FrontEnd

if TYPE_CHECKING:
    import keras

INPUT_NAME = "features"
OUTPUT_NAME = "labels_softmax"
_MOST_MEMBERS, _MOST_BYTES = 100, 10**9  # of a model.keras, which is a zip archive


class LayerCost(NamedTuple):
    """What one layer costs: multiply-accumulates per clip, and weights that it adds to the .tflite."""

    name: str
    kind: str
    macs: int
    parameters: int


def names() -> tuple[str, ...]:
    """The architectures that ``build`` knows, in alphabetical order."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name[0] != "_"))


def build(name: str, front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """An untrained model.

    Args:
        name: one of ``names()``.
        label_count: outputs; silence and unknown count.
        dropout: share of activations dropped in training, 0 to less than 1.
        seed: decides the first weights and what dropout drops.
    Raises:
        UserError: no such architecture, or one that the front end does not fit.
    """
    module = _module(name)
    needed: FrontEnd | None = getattr(module, "FRONT_END", None)
    if needed is not None and _interface(front_end) != _interface(needed):
        raise UserError(
            f"architecture {name} takes {_described(needed)}, the front end here gives "
            f"{_described(front_end)}; pass {_flags(needed)}, or choose another architecture"
        )
    model: keras.Model = module.build(front_end, label_count, dropout, seed)
    return model


def load(path: Path) -> keras.Model:
    """The model of a run folder, ``model.keras``, not compiled.

    Raises:
        UserError: the file is not a Keras model.
    """
    import keras

    importlib.import_module(f"{__name__}._layers")  # Keras has to know the layers of our own
    try:
        _check_size(path)
        model: keras.Model = keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras and HDF5 have many ways to refuse a file
        reason = first_line(error)
        raise UserError(f"{path}: not a model.keras that can be loaded ({reason}); train again") from error
    return model


def _check_size(path: Path) -> None:
    """Make sure that a model.keras, a zip archive, unpacks to no more than a model takes."""
    with open_plain(path) as file, open_zip(file, _MOST_MEMBERS) as package:
        unpacked_bytes = sum(info.file_size for info in package.infolist())
    check_inflation(unpacked_bytes, path.stat().st_size)
    if unpacked_bytes > _MOST_BYTES:
        raise TooMuch(f"unpacks to {unpacked_bytes / 1e6:,.0f} MB, expected at most {_MOST_BYTES / 1e6:,.0f}")


def names_for_boards() -> tuple[str, ...]:
    """Those of ``names`` that take a front end which runs on a board."""
    return tuple(name for name in names() if front_end_of(name).is_deployable)


def front_end_of(name: str) -> FrontEnd:
    """The front end that an architecture needs; where it takes others, too, the one that it is made for.

    Raises:
        UserError: no such architecture.
    """
    module = _module(name)
    usual: FrontEnd = getattr(module, "USUAL_FRONT_END", FrontEnd())
    front_end: FrontEnd = getattr(module, "FRONT_END", usual)
    return front_end


def takes_any_length(name: str) -> bool:
    """Whether an architecture takes clips of other lengths than those of ``front_end_of``.

    Raises:
        UserError: no such architecture.
    """
    return not hasattr(_module(name), "FRONT_END")


def why_not_deployable(name: str) -> str | None:
    """What keeps an architecture from any board and from the challenge; None where nothing does.

    Raises:
        UserError: no such architecture.
    """
    reason: str | None = getattr(_module(name), "NOT_DEPLOYABLE", None)
    return reason


def stride_rows(name: str) -> int:
    """Rows of features from one inference to the next that an architecture is made for.

    Raises:
        UserError: no such architecture.
    """
    rows: int = getattr(_module(name), "STRIDE_ROWS", INFERENCE_STRIDE_ROWS)
    return rows


def logits(model: keras.Model) -> keras.Model:
    """The model up to what its last layer takes, sharing its weights: what training differentiates."""
    import keras

    return keras.Model(model.input, model.get_layer(OUTPUT_NAME).input, name=f"{model.name}_logits")


def is_logistic(model: keras.Model) -> bool:
    """Whether it ends in a sigmoid: the score of a label is its own, and scores need not add up to one."""
    import keras

    return not isinstance(model.get_layer(OUTPUT_NAME), keras.layers.Softmax)


def layer_costs(model: keras.Model) -> list[LayerCost]:
    """Cost of every layer that has weights, in order.

    Only products count, as in TensorFlow's benchmark_model (whose FLOPs are twice these):
    a convolution's or dense layer's bias, a ReLU and pooling are free. Normalization is folded into
    the convolution before it, as in the .tflite: there it is a bias.
    """
    return [
        LayerCost(layer.name, type(layer).__name__, _layer_macs(layer), _layer_parameters(layer))
        for layer in model.layers
        if layer.count_params()
    ]


def count_macs(model: keras.Model) -> int:
    """Multiply-accumulates that the model needs for one clip."""
    return sum(cost.macs for cost in layer_costs(model))


def count_parameters(model: keras.Model) -> int:
    """Weights and biases of the quantized model: normalization is folded in."""
    return sum(cost.parameters for cost in layer_costs(model))


def _module(name: str) -> ModuleType:
    if name not in names():
        raise UserError(
            f"architecture {name!r} is not known; known: {', '.join(names())}. "
            "A new one is a file in train/architectures/"
        )
    return importlib.import_module(f"{__name__}.{name}")


def _interface(front_end: FrontEnd) -> tuple[object, ...]:
    """What a network sees of a front end."""
    return front_end.name, front_end.sample_rate_hz, front_end.frames, front_end.bins


def _described(front_end: FrontEnd) -> str:
    name, rate_hz, frames, bins = _interface(front_end)
    return f"{name} of {frames} x {bins} at {rate_hz} Hz"


def _flags(front_end: FrontEnd) -> str:
    """The flags that ask for a front end."""
    given = {
        "preprocess" if field.name == "name" else field.name: getattr(front_end, field.name)
        for field in fields(front_end)
        if getattr(front_end, field.name) != field.default
    }
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in given.items())


def _layer_macs(layer: keras.Layer) -> int:
    import keras

    outputs = math.prod(layer.output.shape[1:])
    # DepthwiseConv2D is tested first because its kernel does not sum over the channels.
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return outputs * math.prod(layer.kernel_size)
    if isinstance(layer, keras.layers.Conv2D):
        return outputs * math.prod(layer.kernel.shape[:-1])
    if isinstance(layer, keras.layers.Dense):
        return outputs * int(layer.kernel.shape[0])
    return 0


def _layer_parameters(layer: keras.Layer) -> int:
    import keras

    if not isinstance(layer, keras.layers.BatchNormalization):
        return int(layer.count_params())
    channels = int(layer.input.shape[-1])
    before = layer.input._keras_history.operation
    if not hasattr(before, "use_bias"):
        return 2 * channels  # nothing to fold it into: a factor and a summand remain
    return 0 if before.use_bias else channels
