"""The section of report.html on the Raspberry Pi: what ``earshot pi`` left in RUN/pi, ready to show."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from train.core import runfolder
from train.core.errors import typed
from train.core.results.pi import (
    EMULATE,
    ESTIMATE,
    FILES,
    LOCAL,
    REMOTE,
    EmulatedOnPi,
    EstimatedOnPi,
    PiFigures,
    RunOnPi,
)

_WHERE = {
    REMOTE: "on another computer, by ssh",
    LOCAL: "on this computer",
    EMULATE: "on an emulated Cortex-A53",
    ESTIMATE: "by the work that was counted",
}


@dataclass(frozen=True)
class PiRow:
    """One way, as the page shows it; ``is_kept``: False where a rule of the challenge is broken."""

    where: str
    label: str
    engine: str
    latency: str
    instructions: int | None
    graph_bytes: int
    flops: int | None
    memory_bytes: int
    verdict: str
    is_kept: bool | None


@dataclass(frozen=True)
class PiSection:
    """What the page shows; ``note``: what was left out, and why; "" for nothing."""

    rows: Sequence[PiRow]
    note: str


def read_pi(run: Path, graph_sha256: str | None) -> PiSection | None:
    """The figures of the run's graph; None where there are none.

    Raises:
        UserError: a file is not as ``earshot pi`` writes it.
    """
    rows, stale = [], []
    for mode, kind in FILES.items():
        path = run / runfolder.PI / f"{mode}.json"
        if not path.is_file():
            continue
        found = kind.read(path)
        if found.graph_sha256 == graph_sha256:
            rows.append(_row(mode, found))
        else:
            stale.append(path.name)
    if not rows and not stale:
        return None
    about = f"{', '.join(stale)}: about another graph than this; make it again: earshot pi {typed(run)}"
    return PiSection(rows, about if stale else "")


def _row(mode: str, found: PiFigures) -> PiRow:
    kept = found.verdict.kept
    named = ", ".join(name for name, rule in found.verdict.rules.items() if rule.kept is kept)
    return PiRow(
        where=_WHERE[mode],
        label=found.label,
        engine=found.engine if isinstance(found, RunOnPi) else "–",
        latency=_latency(found),
        instructions=found.instructions_per_inference if isinstance(found, EmulatedOnPi) else None,
        graph_bytes=found.graph_bytes,
        flops=found.flops,
        memory_bytes=found.memory_bytes,
        verdict={True: "kept", False: f"broken: {named}", None: f"not judged: {named}"}[kept],
        is_kept=kept,
    )


def _latency(found: PiFigures) -> str:
    if found.avg_ms is None:
        return "–"
    if isinstance(found, EstimatedOnPi):
        low_ms, high_ms = found.range_ms
        return f"{found.avg_ms:.1f} ({low_ms:.1f}–{high_ms:.1f})"
    return f"{found.avg_ms:.3f} ± {found.std_ms:.3f}"
