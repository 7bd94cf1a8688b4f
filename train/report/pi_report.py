"""The section of report.html on the Raspberry Pi: what ``earshot pi`` left in RUN/pi, ready to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.core import runfolder
from train.core.errors import UserError

# Ways to come by figures: the names of their files in RUN/pi.
REMOTE, LOCAL, EMULATE, ESTIMATE = "remote", "local", "emulate", "estimate"
_WHERE = {
    REMOTE: "on another computer, by ssh",
    LOCAL: "on this computer",
    EMULATE: "on an emulated Cortex-A53",
    ESTIMATE: "by the work that was counted",
}
_FIELDS = ("label", "avg_ms", "std_ms", "graph_bytes", "flops", "memory_bytes", "verdict", "graph_sha256")
_COMMAND = "earshot pi"


@dataclass(frozen=True)
class PiRow:
    """One way, as the page shows it; ``is_kept``: False where a rule of the challenge is broken."""

    where: str
    label: str
    engine: str
    latency: str
    instructions: int | None
    graph_bytes: int
    flops: int
    memory_bytes: int | None
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
    for mode in _WHERE:
        path = run / runfolder.PI / f"{mode}.json"
        if not path.is_file():
            continue
        found = _read(path)
        if found["graph_sha256"] == graph_sha256:
            rows.append(_row(mode, found))
        else:
            stale.append(path.name)
    if not rows and not stale:
        return None
    about = f"{', '.join(stale)}: about another graph than this; make it again: {_COMMAND} {run}"
    return PiSection(rows, about if stale else "")


def _read(path: Path) -> dict[str, Any]:
    found = runfolder.read_json(path)
    there = found if isinstance(found, dict) else {}
    missing = [name for name in _FIELDS if name not in there]
    if missing:
        raise UserError(f"{path}: has no {missing[0]!r}; remove it, and make it again with: {_COMMAND}")
    return there


def _row(mode: str, found: Mapping[str, Any]) -> PiRow:
    kept = found["verdict"]["kept"]
    named = [name for name, rule in found["verdict"]["rules"].items() if rule["kept"] is kept]
    verdict = {True: "kept", False: f"broken: {', '.join(named)}", None: f"not judged: {', '.join(named)}"}
    return PiRow(
        where=_WHERE[mode],
        label=found["label"],
        engine=found.get("engine") or "–",  # an estimate has none
        latency=_latency(found),
        instructions=found.get("instructions_per_inference"),
        graph_bytes=found["graph_bytes"],
        flops=found["flops"],
        memory_bytes=found["memory_bytes"],
        verdict=verdict[kept],
        is_kept=kept,
    )


def _latency(found: Mapping[str, Any]) -> str:
    mean_ms, deviation_ms = found["avg_ms"], found["std_ms"]
    if mean_ms is None:
        return "–"
    if limits_ms := found.get("range_ms"):
        return f"{mean_ms:.1f} ({limits_ms[0]:.1f}–{limits_ms[1]:.1f})"
    return f"{mean_ms:.3f} ± {deviation_ms:.3f}"
