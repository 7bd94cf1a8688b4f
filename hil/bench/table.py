"""``earshot bench --layers`` in a terminal: a row for each operator, and below it what computes them."""

import string
import textwrap
from collections.abc import Sequence

from rich.table import Table

from train.core.console import columns, fits, say, show
from train.core.results.layers import LayerFigures, LayersResult

_BAR_COLUMNS = 6
_HEADINGS = ("operator", "instructions", "share", "MACs", "a MAC", "weights", "code", "by")
_NEEDED_LEAST = ("code", "weights", "MACs", "by")  # a narrow terminal does without the first ones
_LEFT = ("operator", "share", "by")


def show_layers(result: LayersResult) -> None:
    """Print them, as wide as the terminal is."""
    kernels = _kernels(result.layers)
    tables = [_table(result, kernels, _NEEDED_LEAST[:count]) for count in range(len(_NEEDED_LEAST) + 1)]
    show(next((table for table in tables if fits(table)), tables[-1]))
    for words, letter in kernels.items():
        say(*textwrap.wrap(f"{letter}  {words}", columns(), subsequent_indent="   "))


def _table(result: LayersResult, kernels: dict[str, str], left_out: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), show_footer=True)
    headings = [name for name in _HEADINGS if name not in left_out]
    totals = {
        "operator": "all",
        "instructions": f"{result.instructions:,}",
        "MACs": f"{sum(layer.macs for layer in result.layers):,}",
        "weights": f"{sum(layer.constant_bytes for layer in result.layers):,}",
        "code": f"{sum(layer.code_bytes for layer in result.layers):,}",
    }
    for name in headings:
        table.add_column(
            name, totals.get(name, ""), justify="left" if name in _LEFT else "right", no_wrap=True
        )
    most = max((layer.instructions for layer in result.layers), default=0)
    for layer in result.layers:
        cells = {
            "operator": f"{layer.index:2} {layer.name}",
            "instructions": f"{layer.instructions:,}",
            "share": _share(layer.instructions, most, result.instructions),
            "MACs": f"{layer.macs:,}" if layer.macs else "",
            "a MAC": f"{layer.instructions / layer.macs:.2f}" if layer.macs else "",
            "weights": f"{layer.constant_bytes:,}" if layer.constant_bytes else "",
            "code": f"{layer.code_bytes:,}" if layer.code_bytes else "",
            "by": kernels.get(_words(layer), ""),
        }
        table.add_row(*(cells[name] for name in headings))
    return table


def _share(instructions: int, most: int, total: int) -> str:
    """Percent of all, and a bar that is full for the largest."""
    bar = "#" * round(_BAR_COLUMNS * instructions / most) if most else ""
    return f"{instructions / total if total else 0:4.0%} {bar}"


def _kernels(layers: Sequence[LayerFigures]) -> dict[str, str]:
    """A name for each kernel in the form that it has, in the order of first use: a, b, …, z, aa."""
    letters = [*string.ascii_lowercase]
    letters += [first + second for first in string.ascii_lowercase for second in string.ascii_lowercase]
    words = dict.fromkeys(_words(layer) for layer in layers)
    words.pop("", None)
    return dict(zip(words, letters, strict=False))


def _words(layer: LayerFigures) -> str:
    return "; ".join(filter(None, (layer.kernel, layer.form)))
