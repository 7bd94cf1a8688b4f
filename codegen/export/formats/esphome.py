"""``esphome``: wake words for ESPHome's micro_wake_word, and for whatever else runs microWakeWord's models.

The clients have the front end ``micro`` of their own, feed a model the rows that are new, and average its
probability. A model knows one wake word, so each word of a run is a model.
"""

import json
from dataclasses import dataclass, replace

from codegen.cformat import identifiers
from codegen.export.library import Library
from codegen.streaming.streaming_file import StreamingFile, network_stride, streaming_file
from train.core import runfolder
from train.core.errors import UserError
from train.core.manifest import MANIFEST
from train.core.operating_point import NEVER, RECOGNIZER_CAPACITY, OperatingPoint, in_force
from train.core.spec import FrontEnd, ModelSpec
from train.settings.job import read_job
from train.tflite.graph import Graph, read_graph
from train.tflite.tflm import TflmModel

# What micro_wake_word registers (ESPHome 2024.7 to 2026.6, streaming_model.cpp, micro_wake_word.cpp).
REGISTERED_OPS = (
    "CALL_ONCE", "VAR_HANDLE", "RESHAPE", "READ_VARIABLE", "STRIDED_SLICE", "CONCATENATION",
    "ASSIGN_VARIABLE", "CONV_2D", "MUL", "ADD", "MEAN", "FULLY_CONNECTED", "LOGISTIC", "QUANTIZE",
    "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D", "PAD", "PACK", "SPLIT_V",
)  # fmt: skip
_MOST_VARIABLES = 20  # it makes room for so many
_MINIMUM_VERSION = "2024.7.0"  # the first with version 2 of the manifest
_STRIDE_MS = 10  # of the front end; pymicro-wakeword has no other
# Clients make int8 of features by 256/666 (ESPHome), or by this scale (pymicro-wakeword, of 25.6ths): with it
# both make the same, also of features that lie between two steps.
INPUT_SCALE = 666 / 25.6 / 256
_SCORE_STEPS = 256  # of a uint8 probability
_FILTER_CHANNELS, _SCRATCH_BYTES = 16, 1024  # of Espressif's kernels: how they align filters, and the rest


@dataclass(frozen=True)
class _WakeWord:
    """One word as a model of its own.

    Attributes:
        name: what the clients show.
        stem: of its two files.
        cutoff: the mean probability has to exceed it.
        window: inferences that the mean is over.
        arena_bytes: for TFLite-Micro: ``measured_bytes``, and what the kernels of an ESP32-S3 take.
    """

    word: str
    name: str
    stem: str
    made: StreamingFile
    cutoff: float
    window: int
    measured_bytes: int
    arena_bytes: int
    is_reported: bool


def files(library: Library) -> dict[str, str | bytes]:
    """See ``FormatModule``.

    Raises:
        UserError: the model was not trained on the features of the clients, pads in time, or has operators
            that they do not register.
    """
    where = str(library.place)
    spec = library.spec_for("esphome", lacks="words")
    _check_front_end(spec.front_end, where)
    point_name, point = in_force(library.place, spec)
    words = _wake_words(library, spec, point, where)
    language = _language(library)
    contents: dict[str, str | bytes] = {}
    for it in words:
        contents[f"{it.stem}.tflite"] = it.made.tflite
        contents[f"{it.stem}.json"] = _manifest(library, it, language)
    context = {"words": words, "point_name": point_name, "point": point, "front_end": spec.front_end}
    return {
        **contents,
        "README.md": library.render("esphome/README.md", **context),
        "device.yaml": library.render("esphome/device.yaml", **context),
    }


def _check_front_end(found: FrontEnd, where: str) -> None:
    wanted = FrontEnd("micro", window_stride_ms=_STRIDE_MS)
    if replace(found, clip_duration_ms=wanted.clip_duration_ms) != wanted:
        raise UserError(
            f"{where}: was trained on features of front end {found.name} ({found.bins} bins, "
            f"{found.window_size_ms} ms every {found.window_stride_ms} ms, {found.sample_rate_hz} Hz); "
            f"ESPHome computes those of micro (40 bins, 30 ms every {_STRIDE_MS} ms, 16000 Hz). Train again "
            "with --preset microwakeword, or take a format that brings the front end along: --to esp-idf"
        )


def _wake_words(library: Library, spec: ModelSpec, point: OperatingPoint, where: str) -> list[_WakeWord]:
    """Each word of the run."""
    stems = identifiers(spec.words, otherwise="word")
    stems = [f"{stem}_word" if f"{stem}.json" == MANIFEST else stem for stem in stems]
    graph = read_graph(library.tflite, where)
    stride_rows = _stride_rows(graph, point)
    inference_ms = stride_rows * spec.front_end.window_stride_ms
    window = min(point.window_ms // inference_ms + 1, RECOGNIZER_CAPACITY)
    found = []
    for word, stem in zip(spec.words, stems, strict=True):
        label = spec.labels.index(word)
        made = streaming_file(library.tflite, where, stride_rows, label, INPUT_SCALE)
        _check_operators(made, where)
        measured_bytes = TflmModel(made.tflite, where).arena_bytes
        threshold = point.thresholds[label]
        found.append(
            _WakeWord(
                word=word,
                name=" ".join(part[:1].upper() + part[1:] for part in word.split(" ")),
                stem=stem,
                made=made,
                cutoff=_cutoff(threshold, window),
                window=window,
                measured_bytes=measured_bytes,
                arena_bytes=-(-(measured_bytes + _scratch_bytes(graph)) // 16) * 16,
                is_reported=threshold != NEVER,
            )
        )
    return found


def _stride_rows(graph: Graph, point: OperatingPoint) -> int:
    """Rows of an inference: those that the point was chosen for, where the network can take as many."""
    least = network_stride(graph)
    return point.stride_rows if point.stride_rows % least == 0 else least


def _cutoff(threshold: int, window: int) -> float:
    """What a mean of probabilities has to exceed where our mean of 0 to 255, rounded down, has a threshold.

    It lies between the highest sum of scores that does not exceed the threshold, and the next one.
    """
    if threshold == NEVER:
        return 1.0
    return round((threshold + 1 - 0.5 / window) / _SCORE_STEPS, 5)


def _check_operators(made: StreamingFile, where: str) -> None:
    if others := [name for name in made.op_names if name not in REGISTERED_OPS]:
        raise UserError(
            f"{where}: needs {', '.join(others)}, which ESPHome's micro_wake_word does not register; train "
            "again with --preset microwakeword"
        )
    if made.variables > _MOST_VARIABLES:
        raise UserError(
            f"{where}: keeps {made.variables} tensors, ESPHome has room for {_MOST_VARIABLES}; train again "
            "with --preset microwakeword"
        )


def _scratch_bytes(graph: Graph) -> int:
    """What Espressif's kernels for an ESP32-S3 copy: the largest filter, with its channels aligned.

    Source:
        esp-nn 1.2, esp_nn_get_conv_scratch_size_esp32s3().
    """
    filters = [graph.tensors[op.inputs[1]].shape for op in graph.ops if op.name == "CONV_2D"]
    aligned = [
        count * height * width * (-(-channels // _FILTER_CHANNELS) * _FILTER_CHANNELS)
        for count, height, width, channels in filters
    ]
    return max(aligned, default=0) + _SCRATCH_BYTES


def _language(library: Library) -> str:
    """Of the voices that it was trained on, as two letters; English where nobody said."""
    if not (library.place / runfolder.JOB).is_file():
        return "en"
    return read_job(library.place).language.lower().replace("_", "-").partition("-")[0]


def _manifest(library: Library, word: _WakeWord, language: str) -> str:
    """Version 2 of microWakeWord's manifest.

    Source:
        MANIFEST_SCHEMA_V2 of esphome/components/micro_wake_word/__init__.py.
    """
    content = {
        "type": "micro",
        "wake_word": word.name,
        "author": library.author or library.credit or f"trained with Earshot {library.version}",
        **({"website": library.website} if library.website else {}),
        "model": f"{word.stem}.tflite",
        "trained_languages": [language],
        "version": 2,
        "micro": {
            "probability_cutoff": word.cutoff,
            "sliding_window_size": word.window,
            "feature_step_size": _STRIDE_MS,
            "tensor_arena_size": word.arena_bytes,
            "minimum_esphome_version": _MINIMUM_VERSION,
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
