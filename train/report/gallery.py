"""Clips of a run to look at and to listen to: the two galleries of the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.audio.frontend import wav_features
from train.audio.wav import fit_length, read_wav, to_float
from train.core import runfolder
from train.core.files.plain import read_plain
from train.core.results.training import ClipList, KeptClip, Mistake, MistakeList
from train.core.spec import FrontEnd
from train.report import plots
from train.report.page import data_uri

MAX_GALLERY_CLIPS = 40  # the sound of a clip takes 43 kB of the page
_UNFOLDED = 10


@dataclass(frozen=True)
class GalleryClip:
    """A clip to look at and to listen to."""

    title: str
    detail: str
    source: str
    brightness: NDArray[np.float64]  # (frames, bins), 0 to 1
    picture_uri: str
    sound_uri: str


@dataclass(frozen=True)
class Gallery:
    """A section of clips; ``missing`` says why there are none."""

    id: str
    title: str
    about: str
    clips: tuple[GalleryClip, ...]
    more: str
    missing: str

    @property
    def first(self) -> tuple[GalleryClip, ...]:
        """What is seen at once."""
        return self.clips[:_UNFOLDED]

    @property
    def folded(self) -> tuple[GalleryClip, ...]:
        """What is seen once it is asked for."""
        return self.clips[_UNFOLDED:]


def samples(run: Path, front_end: FrontEnd) -> Gallery:
    """The clips that the generated feature tests are made of."""
    path = run / runfolder.CLIPS / runfolder.CLIPS_LIST
    clips = ClipList.read(path).clips if path.is_file() else ()
    return Gallery(
        id="samples",
        title="What the model sees",
        about=f"Features of test clips: {front_end.frames} frames from left to right, {front_end.bins} bins "
        f"from low to high; brightness is {_brightness_exponent(front_end)[1]}. "
        "Press a picture to hear the clip.",
        clips=_clips(run, runfolder.CLIPS, clips, front_end),
        more=_more(len(clips), runfolder.CLIPS),
        missing=""
        if clips
        else f"No sample clips: {runfolder.CLIPS_LIST} is not in {runfolder.CLIPS}/, or empty.",
    )


def mistakes(run: Path, front_end: FrontEnd) -> Gallery:
    """The clips that the int8 model got wrong, in the order of their list."""
    path = run / runfolder.MISTAKES / runfolder.MISTAKES_LIST
    entries = MistakeList.read(path).mistakes if path.is_file() else ()
    missing = ""
    if not path.is_file():
        missing = (
            f"No list of mistakes: {runfolder.MISTAKES}/{runfolder.MISTAKES_LIST} is not in the run folder."
        )
    elif not entries:
        missing = "The int8 model got every test clip right."
    return Gallery(
        id="mistakes",
        title="What it got wrong",
        about="Test clips that the int8 model mistook, the surest mistake first.",
        clips=_clips(run, runfolder.MISTAKES, entries, front_end),
        more=_more(len(entries), runfolder.MISTAKES),
        missing=missing,
    )


def _more(total: int, folder: str) -> str:
    hidden = total - MAX_GALLERY_CLIPS
    if hidden <= 0:
        return ""
    return f"{hidden:,} more of {total:,} are not shown here; their list is in {folder}/."


def _clips(
    run: Path, folder: str, entries: Sequence[KeptClip], front_end: FrontEnd
) -> tuple[GalleryClip, ...]:
    """The first clips of a list in the run folder, with sound and features."""
    clips = []
    for entry in entries[:MAX_GALLERY_CLIPS]:
        path = run / folder / entry.file
        samples = fit_length(read_wav(path, front_end.sample_rate_hz), front_end.clip_samples)
        features = wav_features(to_float(samples)[np.newaxis], front_end)[0]
        brightness = (features / 255.0) ** _brightness_exponent(front_end)[0]
        clips.append(
            GalleryClip(
                title=_title(entry),
                detail=_certainty(entry.score) if isinstance(entry, Mistake) else "",
                source=entry.source,
                brightness=brightness,
                picture_uri=data_uri("image/png", plots.feature_png(brightness)),
                sound_uri=data_uri("audio/wav", read_plain(path)),
            )
        )
    return tuple(clips)


def _brightness_exponent(front_end: FrontEnd) -> tuple[float, str]:
    """What features are raised to for a picture, and how to say it.

    Where they are linear in power, all but the vowels would be black.
    """
    return (1 / 3, "the cube root of the feature") if front_end.name == "average" else (1.0, "the feature")


def _title(entry: KeptClip) -> str:
    return f"{entry.label} heard as {entry.predicted}" if isinstance(entry, Mistake) else entry.label


def _certainty(score: int) -> str:
    """An int8 score of the softmax (scale 1/256, zero point -128), and its share in percent."""
    return f"{100 * (score + 128) / 256:.1f}\N{NO-BREAK SPACE}% sure · int8 {score}"
