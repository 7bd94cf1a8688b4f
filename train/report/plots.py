"""Pictures of a run: learning curves, confusion matrices, features. Same numbers, same bytes.

Figures are drawn with matplotlib's defaults rather than the user's matplotlibrc, and
saved without dates or version strings.
"""

import contextlib
import io
import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib
import matplotlib.font_manager
import matplotlib.image
import matplotlib.style
import matplotlib.ticker
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from train.core.operating_point import Curve
from train.core.results.training import CurvePoint, Curves

INK, MUTED, GRID = "#1b1f24", "#59636e", "#d5dae0"
TRAINING, VALIDATION = "#7a8794", "#00696b"

# In the page these colours become CSS variables, so that a curve follows the dark theme.
_CSS_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--line",
    TRAINING: "--faint",
    VALIDATION: "--hit",
}
_STYLE: dict[str, Any] = {
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.color": GRID,
    "svg.fonttype": "none",  # text stays text: small, searchable, in the font of the page
    "svg.hashsalt": "earshot",  # else the ids in the SVG are random
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}
# Asked in turn for characters that the one before lacks, where they are installed.
_FONTS = (
    "DejaVu Sans", "Noto Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans Arabic",
    "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai", "Droid Sans Fallback", "Unifont",
)  # fmt: skip
_CURVE_POINTS = 300  # more than a curve of this width can show


_installed = {font.name for font in matplotlib.font_manager.fontManager.ttflist}
_STYLE["font.family"] = [name for name in _FONTS if name in _installed]
# As a decorator: a figure takes its style when it is made and again when it is saved.
_in_house_style = matplotlib.style.context(["default", _STYLE])


@_in_house_style
def png(figure: Figure) -> bytes:
    """The figure as a PNG file on white."""
    file = io.BytesIO()
    with _without_missing_glyphs():
        figure.savefig(file, format="png", dpi=144, metadata={"Software": None})
    return file.getvalue()


@_in_house_style
def svg(figure: Figure) -> str:
    """The figure as an ``<svg>`` element for an HTML page, transparent."""
    file = io.StringIO()
    metadata = {"Creator": None, "Date": None, "Format": None, "Type": None}
    with _without_missing_glyphs():
        figure.savefig(file, format="svg", transparent=True, metadata=metadata)
    text = file.getvalue()
    element = text[text.index("<svg") :]  # without the XML prologue, which HTML does not have
    for colour, variable in _CSS_VARIABLES.items():
        element = element.replace(colour, f"var({variable})")
    return element


@contextlib.contextmanager
def _without_missing_glyphs() -> Iterator[None]:
    """Say nothing of characters that no font here has: a PNG shows boxes, the page has fonts of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        yield


@_in_house_style
def learning_curve(history: Curves, quantity: str, best_step: int | None) -> Figure:
    """Training and validation against the step.

    Args:
        quantity: "accuracy" (0..1, drawn in percent) or "loss" (cross entropy).
        best_step: marked with a dot on the validation curve, if it is on it.
    """
    factor = 100.0 if quantity == "accuracy" else 1.0
    figure = Figure(figsize=(5.2, 3.0), layout="constrained")
    axes = figure.add_subplot()
    steps, values = _thinned(history.training, quantity)
    axes.plot(steps, values * factor, color=TRAINING, linewidth=1.0, label="training")
    steps, values = _points(history.validation, quantity)
    axes.plot(steps, values * factor, color=VALIDATION, linewidth=1.8, label="validation")
    best = steps == best_step
    if best.any():
        axes.plot(
            steps[best], values[best] * factor, "o", color=VALIDATION, label=f"kept: step {best_step:,}"
        )
    for before, after in itertools.pairwise(history.training):
        if before.rate != after.rate:
            axes.axvline(before.step, color=GRID, linewidth=1.0, linestyle="--", zorder=0)
            axes.annotate(
                f" rate {after.rate:g}",
                (before.step, 1.0),
                xycoords=("data", "axes fraction"),
                va="bottom",
                ha="center",
                fontsize=8,
                color=MUTED,
            )
    axes.set_xlabel("step")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(6, integer=True))
    axes.set_ylabel("accuracy, %" if quantity == "accuracy" else "cross entropy")
    axes.grid(axis="y", linewidth=0.6)
    axes.legend(frameon=False, loc="best", fontsize=9, labelcolor=INK)
    return figure


@_in_house_style
def histogram(
    series: Mapping[str, Sequence[float]], x_label: str, y_label: str, mark: tuple[float, str] | None = None
) -> Figure:
    """How often values occur, up to three sets of them as outlines over each other.

    The counts are on a logarithmic axis, so that a few odd ones among thousands are seen.

    Args:
        series: values of each set by its name; at least one value.
        mark: a value with a line through it, and its name.
    """
    figure = Figure(figsize=(5.2, 2.6), layout="constrained")
    axes = figure.add_subplot()
    values = [np.asarray(each, dtype=np.float64) for each in series.values()]
    edges = np.histogram_bin_edges(np.concatenate(values), bins=40).tolist()
    for name, each, colour in zip(series, values, (VALIDATION, TRAINING, INK), strict=False):
        axes.hist(each, edges, histtype="stepfilled", color=colour, alpha=0.25)
        axes.hist(each, edges, histtype="step", color=colour, label=name)
    if mark is not None:
        axes.axvline(mark[0], color=MUTED, linewidth=1.0, linestyle="--")
        axes.annotate(
            f" {mark[1]}",
            (mark[0], 1.0),
            xycoords=("data", "axes fraction"),
            va="top",
            fontsize=8,
            color=MUTED,
        )
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.7)  # a single one is seen
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    if len(series) > 1:
        figure.legend(frameon=False, loc="outside upper left", ncols=3, fontsize=9, labelcolor=INK)
    return figure


@_in_house_style
def confusion_matrix(counts: NDArray[np.int64], labels: Sequence[str], title: str) -> Figure:
    """Counts, shaded by their share of the row.

    Args:
        counts: (labels, labels) clips; a row is what was said, a column what was heard.
    """
    rows = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(rows, 1)
    side_in = 2.4 + 0.5 * len(labels)
    figure = Figure(figsize=(side_in, side_in), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(
        shares, cmap=LinearSegmentedColormap.from_list("hit", ["#f5f7f9", VALIDATION]), vmin=0.0, vmax=1.0
    )
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.6 else INK
        axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour, fontsize=9)
    # A label is any text: a dollar sign in it is no formula.
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", parse_math=False)
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("heard")
    axes.set_ylabel("said")
    axes.set_title(title, fontsize=10, parse_math=False)
    return figure


@_in_house_style
def detection_curves(
    curves: Sequence[Curve], marks: Mapping[str, Sequence[tuple[int, float]]], hours: float
) -> Figure:
    """False rejects against false accepts per hour, a line for each word and a strong one for all.

    Args:
        curves: the last is of all words.
        marks: name of an operating point: for each curve its false accepts and share of false rejects (0..1).
        hours: of the audio that the false accepts are of. One in it is the least rate there is, beside none.
    """
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    colours = [*(f"C{index % 10}" for index in range(len(curves) - 1)), VALIDATION]
    for curve, colour in zip(curves, colours, strict=True):
        is_last = curve is curves[-1]
        counts = np.array(curve.points, dtype=np.float64)
        axes.plot(
            counts[:, 1] / hours,
            100 * counts[:, 2] / max(1, curve.said),
            color=colour,
            linewidth=2.2 if is_last else 1.0,
            drawstyle="steps-post",
            label=curve.label,
        )
    for (name, places), shape in zip(marks.items(), itertools.cycle("os^v")):
        axes.plot([], [], shape, color=INK, label=name)
        for (events, share), colour in zip(places, colours, strict=True):
            axes.plot(events / hours, 100 * share, shape, color=colour, zorder=3, clip_on=False)
    # A logarithm has no zero: from none to one event the axis is linear.
    axes.set_xscale("symlog", linthresh=1 / hours, linscale=0.5)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 100)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("false accepts an hour")
    axes.set_ylabel("false rejects, %")
    axes.grid(linewidth=0.6)
    legend = axes.legend(frameon=False, loc="best", fontsize=9, labelcolor=INK)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


@_in_house_style
def feature_grid(brightness: Sequence[NDArray[np.float64]], titles: Sequence[str]) -> Figure:
    """Features of several clips side by side.

    Args:
        brightness: (frames, bins) in 0..1 of each clip; at least one clip.
    """
    columns = min(4, len(titles))
    rows = -(-len(titles) // columns)
    figure = Figure(figsize=(2.4 * columns, 2.3 * rows), layout="constrained")
    for index, (clip, title) in enumerate(zip(brightness, titles, strict=True)):
        axes = figure.add_subplot(rows, columns, index + 1)
        axes.imshow(clip.T[::-1], cmap="magma", vmin=0.0, vmax=1.0, aspect="auto")
        axes.set_title(title, fontsize=9, parse_math=False)
        axes.set_axis_off()
    return figure


def feature_png(brightness: NDArray[np.float64]) -> bytes:
    """A PNG with one pixel per feature, time to the right and frequency upwards.

    Args:
        brightness: (frames, bins) in 0..1.
    """
    file = io.BytesIO()
    matplotlib.image.imsave(
        file,
        brightness.T[::-1],
        cmap="magma",
        vmin=0.0,
        vmax=1.0,
        format="png",
        metadata={"Software": ""},
    )
    return file.getvalue()


def _points(entries: Sequence[CurvePoint], quantity: str) -> tuple[NDArray[Any], NDArray[Any]]:
    steps = np.array([entry.step for entry in entries], dtype=np.float64)
    return steps, np.array([getattr(entry, quantity) for entry in entries], dtype=np.float64)


def _thinned(entries: Sequence[CurvePoint], quantity: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Points, neighbours averaged where there are more than a curve can show."""
    steps, values = _points(entries, quantity)
    pieces = min(len(steps), _CURVE_POINTS)
    if pieces == len(steps):
        return steps, values
    groups = np.array_split(np.arange(len(steps)), pieces)
    return (
        np.array([steps[group].mean() for group in groups]),
        np.array([values[group].mean() for group in groups]),
    )
