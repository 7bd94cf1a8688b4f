"""What the takes of a job's words ask of its settings, where no flag says otherwise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from train.audio.excerpt import word_samples
from train.audio.recording import read_recording
from train.audio.wav import WavError
from train.core.console import log
from train.core.errors import count_of
from train.core.spec import FrontEnd
from train.data import stored_features
from train.data.corpus_files import find_files
from train.data.sources import SPEECH_COMMANDS, SYNTHETIC, check, is_made, root_of, usual_source
from train.settings.job import Job
from train.settings.presets import ORIGINAL

FEW_RECORDINGS = 200  # of a word: with fewer, a start is kept closer to, and voices beside them help
_MEASURED_CLIPS, _MOST, _ROOM_MS = 200, 95, 100
_LONGEST_WORD_MS = 3000  # what sounds for longer is no word
_FEWEST_STEPS, _STEPS_PER_TAKE = 200, 20  # docs/OWN_WORDS.md has what 5, 10 and 30 takes need
_STEPS_OF_VOICES = 1000  # with which docs/SYNTHETIC.md has the best figures


@dataclass(frozen=True)
class Takes:
    """The recordings of a job's words and their folder; none where clips are made, or features alone."""

    root: Path | None = None
    paths: tuple[Path, ...] = ()


def with_whole_words(job: Job, takes: Takes) -> Job:
    """The job with clips that are long enough for the words of its takes; the same job where they fit."""
    root = takes.root
    whole_ms = whole_ms_of(takes.paths, job.front_end) if takes.paths else 0
    if not job.front_end.clip_duration_ms < whole_ms <= _LONGEST_WORD_MS:
        return job
    log(
        f"words of {root} take more than {job.front_end.clip_duration_ms} ms: the network hears {whole_ms} "
        f"ms at a time (--clip-duration-ms {whole_ms})"
    )
    return replace(job, front_end=replace(job.front_end, clip_duration_ms=whole_ms))


def with_fitting_steps(job: Job, takes: Takes) -> Job:
    """The job with fewer steps where its takes are few, or synthetic voices say everything.

    Who hears a take too often knows that take alone, and likewise voices. It is the same job with features
    alone, with recordings beside the voices, and with the preset of the original.
    """
    if job.preset == ORIGINAL:
        return job
    if (job.data or usual_source()) == SYNTHETIC and not job.extra_data:
        steps, why = _STEPS_OF_VOICES, "synthetic voices alone"
    elif takes.paths:
        of_a_word = len(takes.paths) // len(job.words)
        steps = _FEWEST_STEPS + _STEPS_PER_TAKE * of_a_word
        why = f"{takes.root} has {count_of(of_a_word, 'recording')} of a word"
    else:
        return job
    if steps >= job.recipe.total_steps:
        return job
    log(f"{why}: {steps} steps, since with more a network learns them by heart (--training-steps {steps})")
    return replace(job, recipe=job.recipe.changed(training_steps=(steps,)))


def takes_of(job: Job) -> Takes:
    """What the job's words were recorded as, found but not read.

    Raises:
        UserError: there is no such folder.
    """
    if job.data is None or is_made(job.data) or job.data == SPEECH_COMMANDS:
        return Takes()
    if job.data.endswith(stored_features.SUFFIX):
        return Takes()
    check(job.data)
    root = root_of(job.data, job.words)
    found = find_files(root, job.words, tell=False)
    return Takes(root, tuple(sorted(file.path for file in found if file.word in job.words)))


def whole_ms_of(takes: Sequence[Path], front_end: FrontEnd) -> int:
    """The clip length that keeps the words of these recordings whole; 0 where they fit as it is."""
    rate_hz, lengths = front_end.sample_rate_hz, []
    for path in takes[:: -(-len(takes) // _MEASURED_CLIPS)]:
        try:
            lengths.append(word_samples(read_recording(path, rate_hz).samples, rate_hz))
        except WavError:
            continue  # told where all are read
    if not lengths:
        return 0
    needed_ms = 1000 * float(np.percentile(lengths, _MOST)) / rate_hz + _ROOM_MS
    return math.ceil(needed_ms / 100) * 100 if needed_ms > front_end.clip_duration_ms + _ROOM_MS else 0
