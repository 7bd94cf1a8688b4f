"""What the HTML pages of this project share: their look, how figures are written, embedded files.

A page is one file that asks the network for nothing: style and player are included, pictures and
sounds are data URIs.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from train.audio.recording import in_words
from train.core.results.training import SkippedFile
from train.core.terminal.escapes import readable

SPACE = "\N{NO-BREAK SPACE}"


def template(name: str, *folders: Path) -> jinja2.Template:
    """A template with the figures below as filters.

    Args:
        folders: where to look for it, and for what it includes, before the templates beside this file.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, Path(__file__).parent / "templates"]),
        autoescape=True,  # labels and paths are the user's: any text
        finalize=_seen,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"percent": percent, "count": count, "css_percent": _css_percent}
    environment.filters |= {"interval": interval, "seconds": seconds}
    return environment.get_template(name)


def _seen(value: object) -> object:
    """What a browser would not show, such as what turns the direction of a line, stands there escaped."""
    return readable(value) if type(value) is str else value


def data_uri(kind: str, content: bytes) -> str:
    """A file as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


_SPLIT_RULES = {
    "lists": "by the lists that come with it",
    "folders": "by the folders that they lie in; those to choose by are kept of those to train on",
    "hash": "by a hash of the file names (of the speaker, where they name one)",
    "speakers": "by speakers, some of whom are kept for validation and testing",
    "takes": "by takes, the last of which are kept for validation and testing",
}


def split_rule(rule: str) -> str:
    """How a corpus was divided, in words."""
    return _SPLIT_RULES.get(rule, "by a rule that was not recorded")


def changed(converted: Mapping[str, int] | None, repaired: Mapping[str, int] | None) -> str:
    """What was done to recordings that are no 16-bit mono WAVs at the rate, or had a damaged header."""
    said = [
        f"{what} {sum(counts.values()):,}: {in_words(counts)}."
        for what, counts in (("Converted", converted), ("Repaired", repaired))
        if counts
    ]
    return " ".join(said)


def by_reason(skipped: Sequence[SkippedFile]) -> list[tuple[str, list[str]]]:
    """Skipped files of each kind of fault, with what is wrong; the commonest kind first."""
    reasons: dict[str, list[str]] = {}
    for item in skipped:
        reasons.setdefault(item.kind, []).append(f"{item.file}: {item.reason}")
    return sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))


def percent(share: float | None) -> str:
    """0.9123 as ``91.2 %``; a dash for a share of nothing."""
    return "–" if share is None else f"{100 * share:.1f}{SPACE}%"


def interval(bounds: Sequence[float]) -> str:
    """(0.9, 0.95) as ``90.0–95.0``."""
    low, high = bounds
    return f"{100 * low:.1f}–{100 * high:.1f}"


def count(number: int | None) -> str:
    """12345 as ``12,345``; a dash for what was not counted."""
    return "–" if number is None else f"{number:,}"


def seconds(duration_s: float) -> str:
    """12.34 as ``12.3 s``, 125 as ``2 min 5 s``."""
    if duration_s < 60:
        return f"{duration_s:.1f}{SPACE}s"
    minutes, rest_s = divmod(round(duration_s), 60)
    return f"{minutes}{SPACE}min {rest_s}{SPACE}s"


def plain(value: Any) -> str:
    """The value of a setting."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return "not set" if value is None else str(value)


def _css_percent(share: float | None) -> str:
    """A share as a CSS length: 0.9123 as ``91.2%``."""
    return f"{100 * (share or 0.0):.1f}%"
