"""What ``earshot pi`` leaves in RUN/pi: a file for each way to come by figures, and submission.json."""

from dataclasses import dataclass
from pathlib import Path

from train.core.errors import typed
from train.core.results.result_file import ResultFile

# Ways to come by figures: the names of their files.
REMOTE, LOCAL, EMULATE, ESTIMATE = "remote", "local", "emulate", "estimate"
_FLAGS = {REMOTE: "--host USER@HOST"}  # where it is not the way's own name


@dataclass(frozen=True, kw_only=True)
class RuleVerdict:
    """A rule of the challenge: whether it is kept, None where it is not judged, and what was found."""

    kept: bool | None
    found: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All rules by name. ``kept``: False if one is broken, True if all are kept, else None."""

    kept: bool | None
    rules: dict[str, RuleVerdict]


@dataclass(frozen=True, kw_only=True)
class PiFigures(ResultFile):
    """A graph on a Raspberry Pi, however its figures came about.

    Attributes:
        label: what they are worth, see ``hil.provenance``.
        avg_ms: of an inference, the mean; None where no time means anything.
        std_ms: the standard deviation; None where there are no single runs.
        flops: of an inference; None where that cannot be counted.
        memory_bytes: that its nodes allocate.
        output_shape: of the scores.
    """

    label: str
    avg_ms: float | None
    std_ms: float | None
    graph_bytes: int
    flops: int | None
    memory_bytes: int
    verdict: Verdict
    graph_sha256: str
    output_shape: tuple[int, ...]

    @classmethod
    def made_by(cls, path: Path) -> str:
        return f"earshot pi {typed(path.parents[1])} {_FLAGS.get(path.stem, f'--{path.stem}')}"


@dataclass(frozen=True, kw_only=True)
class EstimatedOnPi(PiFigures):
    """estimate.json: the range of the latency, and how it was computed, a line a term."""

    range_ms: tuple[float, float]
    formula: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RunOnPi(PiFigures):
    """A graph that was run; ``engine``: by what."""

    engine: str


@dataclass(frozen=True, kw_only=True)
class Guest:
    """The system that a graph ran on: its processor's architecture, and the version of Python."""

    architecture: str
    python: str


@dataclass(frozen=True, kw_only=True)
class Machine(Guest):
    """A computer; what cannot be read is None. ``model``: of a board, such as a Raspberry Pi."""

    model: str | None
    processor: str | None
    system: str
    cpus: int | None


@dataclass(frozen=True, kw_only=True)
class MachineState:
    """A Pi that is hot, or whose governor saves power, is slower."""

    temperature_c: float | None
    governor: str | None
    clock_mhz: float | None


@dataclass(frozen=True, kw_only=True)
class RunTimes:
    """Microseconds of ``count`` runs: the first, the latest, the least, the most, mean and deviation."""

    count: int
    first: int
    curr: int
    min: int
    max: int
    avg: float
    std: float


@dataclass(frozen=True, kw_only=True)
class GraphNode:
    """A node of the graph and the bytes that it allocates."""

    name: str
    op: str
    memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class TimedNode(GraphNode):
    """The same with its times in microseconds, over ``count`` runs; ``start_us`` from the start of a run."""

    avg_us: float
    first_us: int
    start_us: float
    count: int


@dataclass(frozen=True, kw_only=True)
class TimedOnPi(RunOnPi):
    """remote.json and local.json: a graph timed, there or here.

    Attributes:
        load_s: until the engine was ready.
        warmup_us, no_stats_us, with_stats_us: of the three phases.
        timings_us: sums over the nodes, in the last.
        peak_memory_bytes: of the process.
    """

    machine: Machine
    state_before: MachineState
    state_after: MachineState
    load_s: float
    warmup_us: RunTimes
    no_stats_us: RunTimes
    with_stats_us: RunTimes
    timings_us: RunTimes
    peak_memory_bytes: int | None
    flops_per_s: int | None
    nodes: tuple[TimedNode, ...]


@dataclass(frozen=True, kw_only=True)
class InstructionCount:
    """Guest instructions of an inference, over ``runs``."""

    mean: int
    least: int
    most: int
    runs: int


@dataclass(frozen=True, kw_only=True)
class EmulatedNode(GraphNode):
    """The same with its guest instructions, where they were counted."""

    instructions: int | None = None


@dataclass(frozen=True, kw_only=True)
class EmulatedOnPi(RunOnPi):
    """emulate.json: a graph on an emulated core. It has no times.

    Attributes:
        instructions_per_inference: the mean of ``instructions``; None where ``not_counted`` says why.
        clips: names of those that were scored.
        max_difference: from the scores here; None where one of them is no number.
        tolerance: that it may be.
        host_engine: what scored here.
    """

    instructions_per_inference: int | None
    instructions: InstructionCount | None
    not_counted: str | None
    clips: tuple[str, ...]
    max_difference: float | None
    tolerance: float
    host_engine: str
    emulator: str
    machine: Guest
    nodes: tuple[EmulatedNode, ...]


FILES: dict[str, type[PiFigures]] = {
    REMOTE: TimedOnPi,
    LOCAL: TimedOnPi,
    EMULATE: EmulatedOnPi,
    ESTIMATE: EstimatedOnPi,
}


@dataclass(frozen=True, kw_only=True)
class SubmissionSettings:
    """What the rows of a submission follow from; ``tta``: whether each clip was scored in three ways."""

    graph_sha256: str
    labels: tuple[str, ...]
    tta: bool
    engine: str
    folder: str
    names_sha256: str


@dataclass(frozen=True, kw_only=True)
class PiSubmission(ResultFile):
    """submission.json: what became of a folder of recordings.

    Attributes:
        csv: where the rows are.
        counts: rows of each label.
        faults: files that could not be scored.
        cut: files longer than a clip, scored by their beginning.
        label: what the speed is worth, see ``hil.provenance``.
        clips_per_s: of the ``scored`` files; None where all were scored earlier.
    """

    csv: str
    rows: int
    counts: dict[str, int]
    faults: int
    label: str
    clips_per_s: float | None
    scored: int
    settings: SubmissionSettings
    machine: Machine
    cut: int = 0

    @classmethod
    def made_by(cls, path: Path) -> str:
        return f"earshot pi {typed(path.parents[1])} --submission FOLDER"
