"""Figures of the kinds that ``make fuzz`` tries, in out/bench/fuzz.json."""

import fcntl
import json
import os
from collections.abc import Mapping

from places import ROOT

FIGURES = ROOT / "out" / "bench" / "fuzz.json"


def record(kind: str, figures: Mapping[str, object]) -> None:
    """Put the figures of a kind beside those of others; of whole runs alone."""
    if not os.environ.get("EARSHOT_FUZZ") or os.environ.get("EARSHOT_FUZZ_SEED"):
        return
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    with FIGURES.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        there = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
        FIGURES.write_text(json.dumps({**there, kind: dict(figures)}, indent=1, sort_keys=True) + "\n")
