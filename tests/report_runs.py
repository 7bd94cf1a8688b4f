"""Run folders of plausible figures and tone clips, and their report as a browser reads it."""

import dataclasses
import html.parser
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from train.audio.wav import encode_wav
from train.core import runfolder
from train.core.operating_point import NEVER, OperatingPoint, original
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL, ModelSpec

LABELS = (SILENCE_LABEL, UNKNOWN_LABEL, "ja", "höre zu", "<b>$5_$<b>")
EditMetrics = Callable[[dict[str, Any]], None]


class Page(html.parser.HTMLParser):
    """Tags, addresses and words of a page; complains about tags that do not match."""

    VOID = frozenset({"meta", "link", "img", "br", "input"})

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def addresses(self) -> list[str]:
        """Everything that a browser might follow or fetch."""
        names = ("src", "href", "xlink:href", "srcset", "action", "data", "poster")
        found = [
            attributes.get(name) or "" for _, attributes in self.tags for name in names if name in attributes
        ]
        return found


def words(page: Page) -> str:
    return re.sub(r"\s+", " ", page.text)


def tone(frequency_hz: float) -> bytes:
    """A WAV of one second that starts at the frequency and rises by half."""
    time_s = np.arange(16000) / 16000
    envelope = np.exp(-(((time_s - 0.5) / 0.2) ** 2))
    phase = 2 * np.pi * frequency_hz * (time_s + 0.25 * time_s**2)
    return encode_wav((9000 * envelope * np.sin(phase)).astype(np.int16), 16000)


def result(rng: np.random.Generator, artefact: str, share_right: float, **extras: Any) -> dict[str, Any]:
    """An entry of metrics.json with 40 clips of each label."""
    confusion = np.zeros((len(LABELS), len(LABELS)), dtype=int)
    for said in range(len(LABELS)):
        chances = np.full(len(LABELS), (1 - share_right) / (len(LABELS) - 1))
        chances[said] = share_right
        confusion[said] = rng.multinomial(40, chances)
    correct, clips = int(np.trace(confusion)), int(confusion.sum())
    per_class = [
        {
            "label": label,
            "precision": float(confusion[i, i] / confusion[:, i].sum()) if confusion[:, i].any() else None,
            "recall": float(confusion[i, i] / 40),
            "f1": float(2 * confusion[i, i] / (confusion[:, i].sum() + 40)),
            "clips": 40,
        }
        for i, label in enumerate(LABELS)
    ]
    return {
        "artefact": artefact,
        "accuracy": correct / clips,
        "interval": [correct / clips - 0.05, min(1.0, correct / clips + 0.04)],
        "clips": clips,
        "correct": correct,
        "confusion": confusion.tolist(),
        "per_class": per_class,
        **extras,
    }


def make_metrics() -> dict[str, Any]:
    rng = np.random.default_rng(7)
    counts = {label: int(rng.integers(120, 1600)) for label in LABELS}
    return {
        "command": "earshot train --words 'ja,höre zu,<b>$5_$<b>' --data speech",
        "seed": 1,
        "versions": {"earshot": "0.1.0", "python": "3.11.2", "tensorflow": "2.21.0"},
        "host": {"cpu": "Some <fast> CPU", "cores": 2, "label": "host"},
        "corpus": {
            "kind": "speech_commands",
            "name": "Speech & Commands",
            "path": "data/speech",
            "note": "Real recordings of many people.",
            "split": "lists",
            "sha256": "ab" * 32,
            "tested_on": "Speech & Commands",
            "extras": [],
            "unknown_pool": 0,
            "listed_but_missing": [],
            "clips": {
                "training": counts,
                "validation": {label: n // 8 for label, n in counts.items()},
                "testing": dict.fromkeys(LABELS, 40),
            },
            "speakers": {"training": 412, "validation": 51, "testing": 53},
            "skipped": [
                {"file": "ja/aa_nohash_0.wav", "kind": "stereo", "reason": "stereo"},
                {"file": "ja/bb_nohash_0.wav", "kind": "stereo", "reason": "stereo"},
                {"file": "<i>/cc.wav", "kind": "empty file", "reason": "empty file"},
            ],
            "padded": 1234,
            "cut": 0,
        },
        "settings": {"steps": [12000, 3000], "background_volume": 0.1, "resume": False, "data": None},
        "timings_s": {"corpus": 3.21, "features": 14.0, "training": 141.5, "quantize": 4.4, "evaluate": 6.0},
        "training": {
            "steps": 15000,
            "best_step": 12800,
            "best_validation_accuracy": 0.9312,
            "steps_per_s": 106.4,
        },
        "float": result(rng, "model.keras", 0.93),
        "graphdef": result(rng, "model.pb", 0.93, max_score_difference=3.1e-6),
        "int8": result(
            rng,
            "model.tflite",
            0.9,
            tensorflow_interpreter={"clips": 200, "differing": 3, "max_difference": 1},
        ),
        "sizes": {
            "tflite_bytes": 18912,
            "graphdef_bytes": 75069,
            "keras_bytes": 98304,
            "parameters": 18252,
            "macs": 369600,
            "arena_bytes": 9652,
            "arena_label": "host, 64-bit",
        },
        "ops": [
            {"op": "CONV_2D", "output_shape": [1, 25, 22, 8], "macs": 352000, "weight_bytes": 672},
            {"op": "FULLY_CONNECTED", "output_shape": [1, 5], "macs": 22000, "weight_bytes": 22020},
            {"op": "SOFTMAX", "output_shape": [1, 5], "macs": 0, "weight_bytes": 0},
        ],
    }


def make_history() -> dict[str, Any]:
    rng = np.random.default_rng(3)

    def point(step: int) -> dict[str, float]:
        accuracy = 0.94 - 0.7 * np.exp(-step / 2500) + rng.normal(0, 0.012)
        loss = 0.2 + 1.4 * np.exp(-step / 2500) + rng.normal(0, 0.03)
        return {"step": step, "accuracy": float(accuracy), "loss": float(loss)}

    training = [point(step) | {"rate": 0.001 if step <= 12000 else 0.0001} for step in range(10, 15001, 10)]
    return {"training": training, "validation": [point(step) for step in range(400, 15001, 400)]}


def make_run(folder: Path) -> Path:
    """A run folder with 10 sample clips and 45 mistakes, and no report yet."""
    folder.mkdir()
    (folder / runfolder.TFLITE).write_bytes(bytes(18912))
    runfolder.write_spec(folder, ModelSpec(labels=LABELS, seed=1), [runfolder.TFLITE])
    runfolder.write_json(folder / runfolder.METRICS, make_metrics())
    runfolder.write_json(folder / runfolder.HISTORY, make_history())
    samples = [
        {"file": f"{i}.wav", "label": LABELS[i % len(LABELS)], "source": f"{LABELS[i % len(LABELS)]}/{i}.wav"}
        for i in range(10)
    ]
    mistakes = [
        {
            "file": f"{i:03d}.wav",
            "source": f"ja/{i:08x}_nohash_0.wav",
            "label": LABELS[2 + i % 3],
            "predicted": LABELS[1],
            "score": 127 - 3 * i,
        }
        for i in range(45)
    ]
    for name, entries in (("clips", samples), ("mistakes", mistakes)):
        runfolder.write_json(folder / name / f"{name}.json", entries)
        for i, entry in enumerate(entries):
            (folder / name / entry["file"]).write_bytes(tone(250 + 130 * i))
    return folder


def edit_metrics(run: Path, edit: EditMetrics) -> None:
    metrics = json.loads((run / runfolder.METRICS).read_text(encoding="utf-8"))
    edit(metrics)
    runfolder.write_json(run / runfolder.METRICS, metrics)


def assert_accessible(page: Page) -> None:
    """Whoever reads with a screen reader, or by keys alone, finds everything."""
    assert page.all("html")[0]["lang"] == "en"
    assert all(image["alt"] for image in page.all("img"))
    assert all(sound["aria-label"] for sound in page.all("audio"))
    assert all(header["scope"] in ("row", "col") for header in page.all("th"))
    links = {link["href"] for link in page.all("a")}
    assert links == {f"#{heading['id']}" for heading in page.all("h2")}


def _point_figures(false_accepts: int, said: int, missed: int) -> dict[str, Any]:
    return {
        "false_accepts": false_accepts,
        "false_accepts_per_hour": false_accepts / 2,
        "false_accepts_interval": [0.25, 5.5],
        "false_accept_clips": min(1, false_accepts),
        "said": said,
        "false_rejects": missed,
        "false_rejects_interval": [0.1, 0.4],
    }


def add_operating_points(run: Path) -> None:
    """Of one word much is heard, of another nothing was said."""
    spec = runfolder.read_spec(run)
    tuned = OperatingPoint(300, 1500, 3, (NEVER, NEVER, 140, 90, 7))
    test = {
        "words": [
            {"label": "ja", "threshold": 140, **_point_figures(1, 40, 9)},
            {"label": "höre zu", "threshold": 90, **_point_figures(0, 0, 0)},
            {"label": "<b>$5_$<b>", "threshold": 7, **_point_figures(2, 40, 3)},
        ],
        "all": _point_figures(3, 80, 12),
        "confused": 0,
        "latency_ms": None,
    }
    stream = {"hours": 2.0, "words": 2400, "clips": 631, "speech_hours": 0.9}
    content = {
        "model_sha256": spec.artefacts[runfolder.TFLITE],
        "labels": list(spec.labels),
        "in_force": "tuned",
        "target_false_accepts_per_hour": 0.5,
        "points": {
            name: {"settings": dataclasses.asdict(point), "test": test}
            for name, point in (("original", original(5)), ("tuned", tuned))
        },
        "curves": [
            {"label": label, "said": said, "points": [[255, 0, said], [140, 1, 9], [20, 30, 2]]}
            for label, said in ((*((label, 40) for label in LABELS[2:]), ("all words", 80)))
        ],
        "windows": [],
        "settings": {},
        "corpus_sha256": "ab" * 32,
        "streams": {name: {"spoken": stream, "others": stream} for name in ("validation", "testing")},
    }
    runfolder.write_json(run / runfolder.OPERATING_POINTS, content)
