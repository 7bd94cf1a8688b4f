"""What training and evaluation leave: metrics.json, history.json, the lists of clips, ``evaluate --json``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from train.core.errors import UserError, typed
from train.core.results.accuracy import Accuracy
from train.core.results.result_file import ResultFile
from train.core.typed_json import KEY, Json


@dataclass(frozen=True, kw_only=True)
class OtherInterpreter:
    """Where TensorFlow's own interpreter disagrees with TFLite-Micro.

    Attributes:
        clips: compared.
        differing: clips with another score.
        max_difference: between two int8 scores.
    """

    clips: int
    differing: int
    max_difference: int


@dataclass(frozen=True, kw_only=True)
class ArtefactAccuracy(Accuracy):
    """What a model file of the run is worth.

    Attributes:
        artefact: name of the file.
        sha256: of the file that was scored; None in files of old runs.
        max_score_difference: of model.pb, from the scores of model.keras, 0 to 1.
        arena_bytes: of model.tflite, what TFLite-Micro took on this computer.
        tensorflow_interpreter: of model.tflite.
    """

    artefact: str
    sha256: str | None = None
    max_score_difference: float | None = None
    arena_bytes: int | None = None
    tensorflow_interpreter: OtherInterpreter | None = None


@dataclass(frozen=True, kw_only=True)
class Artefacts:
    """The figures of each model file that was scored."""

    float32: ArtefactAccuracy | None = field(default=None, metadata={KEY: "float"})
    graphdef: ArtefactAccuracy | None = None
    int8: ArtefactAccuracy | None = None

    @property
    def by_kind(self) -> dict[str, ArtefactAccuracy]:
        """Those that there are, in the order of the chain."""
        found = {"float": self.float32, "graphdef": self.graphdef, "int8": self.int8}
        return {kind: figures for kind, figures in found.items() if figures is not None}

    @staticmethod
    def fields_of(by_kind: Mapping[str, ArtefactAccuracy]) -> dict[str, ArtefactAccuracy | None]:
        """What ``by_kind`` gives, as arguments for the constructor."""
        names = {"float32": "float", "graphdef": "graphdef", "int8": "int8"}
        return {name: by_kind.get(kind) for name, kind in names.items()}


@dataclass(frozen=True)
class SkippedFile:
    """A file that could not be used, and why; ``kind`` puts like faults together."""

    file: str
    kind: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ExtraCorpus:
    """A corpus trained on beside the first: its share of a batch, 0 to 1, and its clips of each label."""

    name: str
    share: float
    clips: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class CorpusSummary:
    """What was trained and tested on.

    Attributes:
        kind: of the source: a folder, an archive, synthetic, random.
        note: what its figures mean.
        split: the rule that divided it: lists, hash, speakers or takes.
        sha256: of names, splits and clips; of several corpora, joined by +.
        tested_on: name of the corpus that test clips come from.
        clips: of each split, of each label.
        unknown_pool: clips of other words to draw from in training.
        speakers: of each split.
        listed_but_missing: files that the lists of the corpus name.
        padded, cut: clips that were shorter, or longer, than a clip is.
        converted, repaired: recordings by what they were; None for none.
    """

    kind: str
    name: str
    path: str
    note: str
    split: str
    sha256: str
    tested_on: str
    extras: tuple[ExtraCorpus, ...]
    clips: dict[str, dict[str, int]]
    unknown_pool: int
    speakers: dict[str, int]
    skipped: tuple[SkippedFile, ...]
    listed_but_missing: tuple[str, ...]
    padded: int
    cut: int
    converted: dict[str, int] | None = None
    repaired: dict[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of training.

    Attributes:
        best_step: whose weights were kept.
        best_validation_accuracy: 0 to 1.
    """

    steps: int
    best_step: int
    best_validation_accuracy: float
    steps_per_s: float


@dataclass(frozen=True, kw_only=True)
class Training(Stage):
    """Training as a whole.

    Attributes:
        distribute: how the work was shared, where there were several replicas.
        replicas: that shared each batch.
        quantization_aware: fine-tuning with the rounding of int8.
        unknown_bias: that was added to the logit of other words, to fit validation clips; None: as trained.
        temperature: that the scores were divided by, likewise.
    """

    distribute: str | None = None
    replicas: int | None = None
    quantization_aware: Stage | None = None
    unknown_bias: float | None = None
    temperature: float | None = None


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What the run takes; files in bytes. What is of int8 is None where no board has the front end.

    Attributes:
        parameters: weights of the network.
        macs: multiply-accumulates of an inference.
        arena_label: where the arena was measured.
    """

    graphdef_bytes: int
    keras_bytes: int
    parameters: int
    macs: int
    tflite_bytes: int | None = None
    arena_bytes: int | None = None
    arena_label: str | None = None


@dataclass(frozen=True, kw_only=True)
class OpCost:
    """An operator of model.tflite: its output's shape, multiply-accumulates and weights."""

    op: str
    output_shape: tuple[int, ...]
    macs: int
    weight_bytes: int


@dataclass(frozen=True, kw_only=True)
class Computer:
    """What trained; ``label`` as for every figure, see ``hil.provenance``."""

    cpu: str
    cores: int | None
    label: str


@dataclass(frozen=True, kw_only=True)
class Metrics(Artefacts, ResultFile):
    """metrics.json: what a run was made of, and what its models are worth on the test clips.

    Attributes:
        command: as the user typed it; "" where that is not known.
        versions: of packages, by name.
        settings: flag by flag, for the report.
        timings_s: seconds of each stage of the chain.
        ops: of model.tflite, in their order.
    """

    command: str
    seed: int
    versions: dict[str, str]
    host: Computer
    corpus: CorpusSummary
    settings: dict[str, Json]
    timings_s: dict[str, float]
    training: Training
    sizes: Sizes
    ops: tuple[OpCost, ...]

    @classmethod
    def made_by(cls, path: Path) -> str:
        return f"earshot train --resume {typed(path.parent)}"


@dataclass(frozen=True, kw_only=True)
class EvaluationReport(Artefacts, ResultFile):
    """What ``earshot evaluate --json`` writes: the run folder, the corpus, and each model on its clips."""

    run: str
    corpus: CorpusSummary

    @classmethod
    def made_by(cls, path: Path) -> str:
        return f"earshot evaluate RUN --json {path}"


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """A point of a learning curve; ``loss`` is a cross entropy, ``accuracy`` 0 to 1."""

    step: int
    accuracy: float
    loss: float


@dataclass(frozen=True, kw_only=True)
class TrainingPoint(CurvePoint):
    """The same in training, with the learning rate of the step."""

    rate: float


@dataclass(frozen=True, kw_only=True)
class Curves:
    """What a stage learned, on its batches and on the validation clips."""

    training: tuple[TrainingPoint, ...]
    validation: tuple[CurvePoint, ...]


@dataclass(frozen=True, kw_only=True)
class History(Curves, ResultFile):
    """history.json.

    Attributes:
        quantization_aware: of the fine-tuning, where there was one.
        model_sha256: of model.pb; None in files of old runs.
    """

    quantization_aware: Curves | None = None
    model_sha256: str | None = None

    @classmethod
    def made_by(cls, path: Path) -> str:
        return f"earshot train --resume {typed(path.parent)}"


@dataclass(frozen=True, kw_only=True)
class KeptClip:
    """A WAV beside the list; ``source``: the clip of the corpus that it is, where that is known."""

    file: str
    label: str
    source: str = ""

    def __post_init__(self) -> None:
        if Path(self.file).name != self.file or not self.file:
            raise UserError(f"file is {self.file!r}, expected a file beside the list, without folders")


@dataclass(frozen=True, kw_only=True)
class Mistake(KeptClip):
    """A clip that the int8 model got wrong.

    Attributes:
        predicted: the label that it got.
        score: int8 of the softmax, scale 1/256, zero point -128.
    """

    predicted: str
    score: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if not -128 <= self.score <= 127:
            raise UserError(f"score is {self.score}, expected an int8 score, -128 to 127")


@dataclass(frozen=True, kw_only=True)
class ClipList(ResultFile):
    """clips/clips.json: the test clips that the generated feature tests are made of."""

    clips: tuple[KeptClip, ...]

    @classmethod
    def made_by(cls, path: Path) -> str:
        return f"earshot train --resume {typed(path.parents[1])}"

    @classmethod
    def without_version(cls, content: Json) -> Json:
        return {"clips": content} if isinstance(content, list) else content


@dataclass(frozen=True, kw_only=True)
class MistakeList(ResultFile):
    """mistakes/mistakes.json: the surest mistake first."""

    mistakes: tuple[Mistake, ...]

    @classmethod
    def made_by(cls, path: Path) -> str:
        return f"earshot train --resume {typed(path.parents[1])}"

    @classmethod
    def without_version(cls, content: Json) -> Json:
        return {"mistakes": content} if isinstance(content, list) else content
