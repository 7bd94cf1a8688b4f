"""Pages that hear: ``listen.html`` runs the C of a run in a browser, ``record.html`` records words.

Each is one file that asks the network for nothing. What they share (microphone, level, conversion, WAV) is in
templates that both include.
"""

import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hil.pages.wasm import compile_wasm
from train.core import runfolder
from train.core.errors import UserError
from train.core.installation import earshot_version
from train.core.layout import BACKGROUND_FOLDER, SPEAKER_END, folder_name
from train.core.manifest import read_manifest
from train.core.operating_point import RECOGNIZER_CAPACITY, OperatingPoint, in_force
from train.core.outputs import Output, State, has_mark
from train.report import page

LISTEN_PAGE, RECORD_PAGE = "listen.html", "record.html"
_TEMPLATES = Path(__file__).parent / "templates"
_LISTEN_MARK, _RECORD_MARK = "Earshot listen page", "Earshot record page"
_SHOWN_S = 5  # of features
_ROOM_S = 60


@dataclass(frozen=True)
class _Slider:
    """A setting of the operating point: name in C and its range."""

    name: str
    title: str
    unit: str
    least: int
    most: int
    step: int
    value: int


def write_page(run: Path, out: Path | None = None, overwrite: bool = False) -> Path:
    """Write the page that listens with the C of a run.

    Args:
        out: the file; RUN/listen.html without a wish.
        overwrite: replace the file, whatever it is. An earlier page is replaced unasked.
    Returns:
        path of the page.
    Raises:
        UserError: the run folder is not finished, something else is in the page's place, its name is not a
            page's, or there is no compiler for WebAssembly.
    """
    place = _checked(out or run / LISTEN_PAGE, _LISTEN_MARK, overwrite)
    with runfolder.reading(run) if out else runfolder.writing(run):
        return _write_listen_page(run, place)


def _write_listen_page(run: Path, out: Path) -> Path:
    wasm = compile_wasm(run)
    spec = runfolder.read_spec(run)
    manifest = read_manifest(run / runfolder.C_SOURCES, "")
    point_name, point = in_force(run, spec)
    front_end = spec.front_end
    config = {
        "labels": spec.labels,
        "first_word": len(spec.labels) - len(spec.words),
        "rate": front_end.sample_rate_hz,
        "bins": front_end.bins,
        "stride_samples": front_end.sample_rate_hz * front_end.window_stride_ms // 1000,
        "stride_rows": point.stride_rows,
        "zero_point": manifest.input.zero_point,
        "capacity": RECOGNIZER_CAPACITY,
        "point": asdict(point),
    }
    content = page.template("listen.html.j2", _TEMPLATES).render(
        mark=_LISTEN_MARK,
        words=spec.words,
        config=config,
        wasm=base64.b64encode(wasm).decode("ascii"),
        settings=_sliders(point),
        columns=_SHOWN_S * 1000 // front_end.window_stride_ms,
        seconds_shown=_SHOWN_S,
        stride_ms=front_end.window_stride_ms,
        run_name=run.resolve().name,
        file_name=out.name,
        point_name=point_name,
        model_sha256=spec.artefacts[runfolder.TFLITE],
        version=earshot_version(),
    )
    runfolder.write_text(out, content)
    return out


def write_record_page(
    words: Sequence[str], takes: int, sample_rate_hz: int, out: Path | None = None, overwrite: bool = False
) -> Path:
    """Write the page that records words and hands them over as a zip for ``earshot train --data``.

    Args:
        words: what is to be said, as ``train.settings.words.parse_words`` gives them.
        takes: of each word.
        out: the file; record.html without a wish.
        overwrite: replace the file, whatever it is. An earlier page is replaced unasked.
    Returns:
        path of the page.
    Raises:
        UserError: something else is in the page's place, or its name is not a page's.
    """
    out = _checked(out or Path(RECORD_PAGE), _RECORD_MARK, overwrite)
    config: dict[str, Any] = {
        "words": list(words),
        "folders": {word: folder_name(word) for word in words},
        "takes": takes,
        "rate": sample_rate_hz,
        "speaker_end": SPEAKER_END,
        "background": BACKGROUND_FOLDER,
        "room_s": _ROOM_S,
    }
    content = page.template("record.html.j2", _TEMPLATES).render(
        mark=_RECORD_MARK, config=config, file_name=out.name, version=earshot_version()
    )
    runfolder.write_text(out, content)
    return out


def _checked(out: Path, mark: str, overwrite: bool) -> Path:
    """The page's place, unless something is there that must stay."""
    place = Output(
        "holds a page",
        "exists and is not an earlier page of this command",
        has_mark(mark),
        example=LISTEN_PAGE if mark == _LISTEN_MARK else RECORD_PAGE,
        overwrite=State.FOREIGN,
    )
    place.check(out, overwrite)
    if out.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"--out {out}: browsers know a page by its name; expected one such as {out}.html")
    return out


def _sliders(point: OperatingPoint) -> list[_Slider]:
    """What can be moved beside the thresholds, such that the run's own value is among what can be chosen."""

    def slider(name: str, title: str, unit: str, step: int, most: int) -> _Slider:
        value = getattr(point, name)
        step = step if value % step == 0 else 1
        return _Slider(name, title, unit, step, max(most, value), step, value)

    return [
        slider("window_ms", "Window", " ms", 20, 2000),
        slider("suppression_ms", "Suppression", " ms", 50, 5000),
        slider("minimum_count", "Least results", "", 1, 20),
    ]
