"""card.json: where a model that ships comes from, what it is worth, and what is in its folder."""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from train.core import runfolder
from train.core.results.result_file import ResultFile

CARD, CARD_PAGE = "card.json", "card.md"
LARGEST_TFLITE_BYTES = 20_000  # exclusive
_WIDTH = 100


@dataclass(frozen=True, kw_only=True)
class CardData:
    """Recordings that went into it or that it was judged by.

    Attributes:
        use: training, or testing.
        speakers: None: not known, since features alone were there.
    """

    use: str
    name: str
    licence: str
    attribution: str
    clips: int
    speakers: int | None


@dataclass(frozen=True, kw_only=True)
class CardAccuracy:
    """Share of test clips that an artefact has right, and its 95 % interval."""

    accuracy: float
    interval: tuple[float, float]
    clips: int


@dataclass(frozen=True, kw_only=True)
class CardPoint:
    """What the operating point in force is worth on test streams.

    Attributes:
        hours: of the stream that false accepts were counted in; ``speech_hours``: of it, running speech.
        heard: words that were heard, of those ``said``.
        fitness: as the report has it.
    """

    name: str
    thresholds: tuple[int, ...]
    hours: float
    speech_hours: float
    false_accepts_per_hour: float
    false_accepts_interval: tuple[float, float]
    heard: int
    said: int
    fitness: str


@dataclass(frozen=True, kw_only=True)
class CardFile:
    """A file of the model's folder."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Card(ResultFile):
    """card.json. ``command`` makes the model anew; ``files``: all but the card itself."""

    name: str
    summary: str
    licence: str
    words: tuple[str, ...]
    architecture: str
    front_end: str
    front_end_sha256: str
    parameters: int
    macs: int
    int8: CardAccuracy
    float: CardAccuracy
    point: CardPoint | None
    data: tuple[CardData, ...]
    seed: int
    earshot: str
    command: str
    files: dict[str, CardFile]

    VERSION: ClassVar[int] = 1

    @classmethod
    def made_by(cls, path: Path) -> str:
        return "make pretrained"

    @property
    def credit(self) -> str:
        """A sentence for whoever passes the weights on."""
        made_of = dict.fromkeys(
            f"{data.attribution}, {data.licence}" for data in self.data if data.use == "training"
        )
        return (
            f"{self.name} ships with Earshot under {self.licence}; it was trained on recordings: "
            f"{'; '.join(made_of)}."
        )

    def page(self) -> str:
        """card.md: the same for people."""
        tflite = self.files[runfolder.TFLITE]
        parts = [
            f"# {self.name}",
            self.summary,
            f"**Words**: {', '.join(self.words)}.",
            self._right(),
            self._hearing(),
            f"**Network**: {self.architecture} on {self.front_end}, {self.parameters:,} parameters, "
            f"{self.macs:,} multiplications a clip; {runfolder.TFLITE} has {tflite.bytes:,} bytes, all int8.",
            f"**Licence**: {self.licence}. It was made of these recordings, and whoever passes it on has to "
            "say so:",
        ]
        text = "\n\n".join(textwrap.fill(part, _WIDTH, break_on_hyphens=False) for part in parts)
        listed = [
            textwrap.fill(
                f"- {data.use}: {data.name}, {data.clips:,} clips"
                f"{'' if data.speakers is None else f' by {data.speakers:,} people'}, "
                f"{data.attribution}, {data.licence}",
                _WIDTH,
                subsequent_indent="  ",
                break_on_hyphens=False,
            )
            for data in self.data
        ]
        if "--data synthetic" in self.command:
            listed.append("- training: voices of eSpeak NG beside them, which are no recordings")
        files = [f"    {file.sha256}  {file.bytes:>7}  {name}" for name, file in self.files.items()]
        return "\n".join(
            [
                text,
                "",
                *listed,
                "",
                f"Made by Earshot {self.earshot} (seed {self.seed}):",
                "",
                f"    {self.command}",
                "",
                "SHA-256 and bytes:",
                "",
                *files,
                "",
            ]
        )

    def _right(self) -> str:
        low, high = (f"{100 * share:.1f}" for share in self.int8.interval)
        tested = next(data for data in self.data if data.use == "testing")
        return (
            f"**Accuracy** (int8, TFLite-Micro, host): {100 * self.int8.accuracy:.1f} % ({low}–{high}) of "
            f"{self.int8.clips:,} clips by {tested.speakers} people whom it was not trained on; float "
            f"{100 * self.float.accuracy:.1f} %."
        )

    def _hearing(self) -> str:
        point = self.point
        if point is None:
            return "**In a stream**: not measured."
        low, high = point.false_accepts_interval
        return (
            f"**In a stream** ({point.name} thresholds): hears {point.heard} of {point.said} words, "
            f"{point.false_accepts_per_hour:g} false accepts an hour ({low:g}–{high:g}) in {point.hours:g} "
            f"h, of which {point.speech_hours:.1f} h are speech. Fit for use, as the report puts it: "
            f"{point.fitness}."
        )
