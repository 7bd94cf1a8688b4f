"""Other words, running speech and noise for corpora that bring none.

Synthetic voices speak, and so do the takes themselves, with their parts in another order; noise is made by
formulas.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from train.audio.excerpt import fit_clip
from train.audio.scramble import scrambled
from train.audio.wav import encode_wav, read_wav
from train.core.console import log
from train.core.errors import UserError
from train.core.installation import cache_root
from train.core.layout import ALL, BACKGROUND_FOLDER, SPLITS, TRAINING, VALIDATION
from train.core.outputs import whole_folder
from train.core.spec import SILENCE_LABEL
from train.data.corpus import Clip, Corpus, read_corpus
from train.settings.job import Job
from train.settings.presets import ORIGINAL
from train.synth import generate, noises
from train.synth.acoustics import SAMPLE_RATE_HZ
from train.synth.clip_plan import FEWEST_CLIPS_PER_WORD
from train.synth.lexicon import SCRAMBLED

_FEWEST_CLIPS, _MOST_CLIPS = 20, 500  # of each wanted word that the voices say, too
_OTHER_CLIPS = 2000  # of 200 other words: a network that knows but a few takes all else for a wanted one
_FEWEST_OTHER_WORDS = 20  # different ones of a corpus's own, for it to need no more
_SCRAMBLED_CLIPS = 800  # to train on, of all takes together; of each other split, one of each take
_MOST_OF_A_TAKE = 16
_SCRAMBLE_VERSION = 1  # raise it when the same take and seed would give other samples
_NOISE_VERSION = 1  # raise it when the same seed would give other noise


def lacks_words(corpus: Corpus, job: Job, splits: Sequence[str] = SPLITS, fewest: int = 1) -> tuple[str, ...]:
    """The splits that have wanted words, but fewer others than ``fewest``, though some are asked for."""
    if job.sampling.unknown_percentage == 0:
        return ()
    wanted, there = set(job.words), _words_by_split(corpus)
    return tuple(split for split in splits if there[split] & wanted and len(there[split] - wanted) < fewest)


def needs_words(corpus: Corpus, job: Job, splits: Sequence[str]) -> tuple[str, ...]:
    """The splits that voices should say other words in.

    A network that knows but a few of them takes all else for a wanted word: it takes 20 to train on and to
    choose weights by. Tests are on what was given, and the preset of the original trains on it, if it is any.
    """
    learned = () if job.preset == ORIGINAL else (TRAINING, VALIDATION)
    few = lacks_words(corpus, job, learned, _FEWEST_OTHER_WORDS)
    none = lacks_words(corpus, job, splits)
    return tuple(split for split in splits if split in few or split in none)


def _words_by_split(corpus: Corpus) -> dict[str, set[str]]:
    """The words of each split, and of all."""
    there: dict[str, set[str]] = {split: set() for split in (*SPLITS, ALL)}
    for clip in corpus.clips:
        if clip.word != SILENCE_LABEL:
            there[clip.split].add(clip.word)
            there[ALL].add(clip.word)
    return there


def lacks_noise(corpus: Corpus, job: Job) -> bool:
    """Whether there is no noise, though some is asked for: for silence, or to be mixed in."""
    is_mixed = job.augmentation.background_volume > 0 and job.augmentation.background_frequency > 0
    return not corpus.has_background_folder and (is_mixed or job.sampling.silence_percentage != 0)


def with_words(corpus: Corpus, job: Job, splits: Sequence[str], voices: Corpus | None = None) -> Corpus:
    """The corpus with other words in these splits, and with wanted words by the same voices in training.

    Were other words alone spoken by synthetic voices, a network would learn to tell voices apart, and take
    whatever a person says for a wanted word. So the voices say wanted words, too, and the people something
    else: their takes with the parts in another order.

    Args:
        voices: a synthetic corpus of the same words that is there already, and is trained on.
    Raises:
        UserError: the voices cannot say the words.
    """
    which = "" if len(splits) == len(SPLITS) else f" for {' and '.join(splits)}"
    there = _words_by_split(corpus)
    own = set().union(*(there[split] for split in splits)) - set(job.words)
    said = f"{corpus.root} has {f'only {len(own)}' if own else 'no'} other words{which}"
    log(
        f"{said}: those of _unknown_, and running speech, are said by synthetic voices (--language "
        f"{job.language}), and so are wanted words in training, for the voice not to tell; takes with their "
        "parts in another order are _unknown_, too; noise and a crowd are made to go with them. That takes a "
        "minute or two, once; --unknown-percentage 0 goes without other words"
    )
    found = voices or _spoken(corpus, job, said)
    added = tuple(
        clip
        for clip in found.clips
        if clip.split in splits
        and (clip.word not in job.words or (clip.split == TRAINING and voices is None))
    )
    note = f"other words{which} are synthetic: how often people set it off is not measured"
    added += _scrambled_takes(corpus, job, splits)
    return replace(
        corpus,
        clips=corpus.clips + added,
        backgrounds=corpus.backgrounds + found.backgrounds,
        has_background_folder=corpus.has_background_folder or found.has_background_folder,
        sha256=f"{corpus.sha256}+{found.sha256}+{SCRAMBLED}{_SCRAMBLE_VERSION}",
        note="; ".join(filter(None, (corpus.note, note))),
    )


def with_noise(corpus: Corpus, job: Job) -> Corpus:
    """The corpus with noise that is made here."""
    log(
        f"{corpus.root} has no background noise: noise that is made here stands in; long recordings of yours "
        f"in a folder {BACKGROUND_FOLDER} are better"
    )
    folder = cache_root() / "corpora" / f"noise-{_NOISE_VERSION}-{job.seed}"
    if not folder.is_dir():
        made = noises.background_noises(np.random.default_rng(job.seed))
        with whole_folder(folder) as unfinished:
            for name, samples in made.items():
                (unfinished / f"{name}.wav").write_bytes(encode_wav(samples, SAMPLE_RATE_HZ))
    return replace(
        corpus,
        backgrounds=tuple(sorted(folder.iterdir())),
        has_background_folder=True,
        sha256=f"{corpus.sha256}+{folder.name}",
    )


def _scrambled_takes(corpus: Corpus, job: Job, splits: Sequence[str]) -> tuple[Clip, ...]:
    """Clips of the people of the corpus that say none of the words, in the splits of their takes."""
    rate_hz, length = job.front_end.sample_rate_hz, job.front_end.clip_samples
    settings = (corpus.sha256, job.words, splits, rate_hz, length, job.seed, _SCRAMBLE_VERSION)
    root = cache_root() / "corpora" / f"scrambled-{hashlib.sha256(repr(settings).encode()).hexdigest()[:12]}"
    planned: list[tuple[Clip, int]] = []
    for split in splits:
        takes = [clip for clip in corpus.clips if clip.split == split and clip.word in job.words]
        of_each = min(_MOST_OF_A_TAKE, -(-_SCRAMBLED_CLIPS // len(takes))) if split == TRAINING else 1
        planned += [(clip, number) for clip in takes for number in range(of_each)]
    paths = [root / f"{index}.wav" for index in range(len(planned))]
    if not root.is_dir():
        with whole_folder(root) as unfinished:
            for index, ((clip, _), path) in enumerate(zip(planned, paths, strict=True)):
                generator = np.random.default_rng([job.seed, index])
                samples = scrambled(read_wav(clip.wav, rate_hz), rate_hz, generator)
                (unfinished / path.name).write_bytes(encode_wav(fit_clip(samples, length, rate_hz), rate_hz))
    return tuple(
        replace(
            clip,
            path=path,
            name=f"{SCRAMBLED}/{number}/{clip.name}",
            word=SCRAMBLED,
            samples=length,
            sha256="",
            audio=None,
            said_by=clip.speaker,
        )
        for (clip, number), path in zip(planned, paths, strict=True)
    )


def _spoken(corpus: Corpus, job: Job, said: str) -> Corpus:
    """Wanted and other words by synthetic voices, about as many of the wanted ones as the corpus has."""
    counts = Counter(clip.word for clip in corpus.clips if clip.word in job.words)
    clips = min(max(_FEWEST_CLIPS, max(counts.values(), default=0)), _MOST_CLIPS, job.synthetic_clips)
    try:
        root = generate.generate(
            job.words,
            cache_root(),
            seed=job.seed,
            language=job.language,
            clip_duration_ms=job.front_end.clip_duration_ms,
            clips_per_word=max(clips, FEWEST_CLIPS_PER_WORD),
            unknown_clips=min(_OTHER_CLIPS, round(generate.UNKNOWN_CLIPS_PER_CLIP * job.synthetic_clips)),
            running_speech=True,
        )
    except UserError as error:
        raise UserError(
            f"{said}, and synthetic voices cannot stand in: {error}; add folders of other words, or pass "
            "--unknown-percentage 0"
        ) from error
    return read_corpus(root, job.front_end.sample_rate_hz, words=job.words)
