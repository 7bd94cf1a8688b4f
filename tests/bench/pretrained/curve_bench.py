"""Accuracy over products, under 20,000 bytes: make bench-curve NETWORKS="NAME…".

Each network learns the ten words of the same clips by the same steps, without a teacher, and is tested on the
clips of people who are in neither corpus. Runs are kept in $RUNS/NAME (out/curve); finished ones are not
trained again. Writes out/bench/curve.json, the table in docs/NETWORKS.md and docs/curve.png.
"""

import os
import sys
from pathlib import Path
from typing import Any

from make_models import train  # beside this file, as the next
from matplotlib.figure import Figure
from recipes import CURVE

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of what all benchmarks share
import document_table

from train.core import console, runfolder
from train.core.errors import UserError
from train.core.results.training import Metrics
from train.core.spec import ModelSpec

_RUNS, _RESULT = Path("out/curve"), Path("out/bench/curve.json")
_PICTURE = "curve.png"

Row = dict[str, Any]


def main() -> None:
    """Train those that the arguments name, or all; write what there is."""
    names, runs = sys.argv[1:], Path(os.environ.get("RUNS", _RUNS))
    recipes = {recipe.name: recipe for recipe in CURVE}
    if unknown := [name for name in names if name not in recipes]:
        raise UserError(f"{unknown[0]}: not on the curve; known: {', '.join(recipes)}")
    for name in names or recipes:
        train(recipes[name], runs)
    finished = [name for name in recipes if (runs / name / runfolder.REPORT).is_file()]
    rows = sorted((_row(runs / name) for name in finished), key=lambda row: row["macs"])
    runfolder.write_json(_RESULT, rows)
    document_table.write("NETWORKS.md", "make bench-curve", table(rows))
    picture(rows).savefig(document_table.DOCS / _PICTURE, dpi=100)
    console.say(f"{_RESULT}  docs/NETWORKS.md  docs/{_PICTURE}")


def _row(run: Path) -> Row:
    metrics = Metrics.read(run / runfolder.METRICS)
    spec: ModelSpec = runfolder.read_spec(run)
    int8 = metrics.by_kind["int8"]
    return {
        "network": spec.architecture,
        "macs": metrics.sizes.macs,
        "bytes": metrics.sizes.tflite_bytes,
        "float_accuracy": metrics.by_kind["float"].accuracy,
        "int8_accuracy": int8.accuracy,
        "interval": int8.interval,
        "clips": int8.clips,
        "label": "host",
    }


def table(rows: list[Row]) -> str:
    """A line a network, the cheapest first."""
    lines = ["| network | MACs | bytes | float | int8 | clips |", "|---|---:|---:|---|---|---|"]
    for row in rows:
        low, high = (f"{100 * share:.1f}" for share in row["interval"])
        floats, int8 = (f"{100 * row[f'{kind}_accuracy']:.1f} %" for kind in ("float", "int8"))
        lines.append(
            f"| `{row['network']}` | {row['macs']:,} | {row['bytes']:,} | {floats} | {int8} ({low}–{high}) | "
            f"{row['clips']:,} |"
        )
    return "\n".join(lines)


def picture(rows: list[Row]) -> Figure:
    """Accuracy over millions of products, with intervals."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for index, row in enumerate(rows):
        millions, percent = row["macs"] / 1e6, 100 * row["int8_accuracy"]
        low, high = (100 * share for share in row["interval"])
        axes.errorbar(millions, percent, [[percent - low], [high - percent]], fmt="o", capsize=3, color="C0")
        # In turns above and below: neighbours may have as many products.
        end, points = (high, 5) if index % 2 else (low, -14)
        at = {"textcoords": "offset points", "xytext": (0, points), "ha": "center"}
        axes.annotate(row["network"], (millions, end), **at)
    axes.set_xscale("log")
    axes.set_xticks([0.25, 0.5, 1, 2], labels=["0.25", "0.5", "1", "2"])
    axes.minorticks_off()
    axes.margins(x=0.1, y=0.12)
    axes.set(xlabel="million products a clip", ylabel="% of test clips right, int8")
    axes.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    console.run(main)
