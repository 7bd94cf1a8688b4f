"""Where the clips come from: what ``--data`` names, as a folder in the Speech Commands layout."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.audio.wav import encode_wav, to_int16
from train.core.console import log, warn
from train.core.errors import UserError, meant
from train.core.installation import cache_root
from train.core.layout import BACKGROUND_FOLDER, SPLIT_LISTS, TESTING, VALIDATION
from train.core.outputs import clear_unfinished, whole_folder
from train.data import archive, download
from train.data.folders import corpus_root
from train.settings.job import SYNTHETIC_CLIPS
from train.synth import generate

SPEECH_COMMANDS, SYNTHETIC, RANDOM, FOLDER = "speech_commands", "synthetic", "random", "folder"
_RANDOM_CLIPS_PER_WORD = 60
_MADE_AT_HZ = 16000  # rate of synthetic and random clips
_OTHER_WORD = "_other_"  # cannot be asked for with --words


@dataclass(frozen=True)
class Source:
    """A corpus on disk and what a result on it means."""

    kind: str
    name: str
    root: Path
    note: str


def resolve(
    data: str | None,
    words: tuple[str, ...],
    seed: int,
    language: str = "en",
    sample_rate_hz: int = _MADE_AT_HZ,
    clip_duration_ms: int = 1000,
    clips_per_word: int = SYNTHETIC_CLIPS,
    flag: str = "--data",
    running_speech: bool = False,
) -> Source:
    """The corpus that a flag such as ``--data`` names, fetched, unpacked or made if need be.

    Args:
        data: a folder, an archive, "speech_commands", "synthetic" or "random"; None is the
            downloaded corpus if it is there, else synthetic.
        clips_per_word: of a synthetic corpus.
        running_speech: whether a synthetic corpus has parts of it among its other words.
    Raises:
        UserError: no such thing, or it cannot be made.
    """
    clear_unfinished(cache_root() / "corpora")
    if data is None:
        data = usual_source()
        if data == SYNTHETIC:
            warn(
                "no recordings given and none downloaded: training on SYNTHETIC speech. For real speech: "
                "--data FOLDER_OR_ARCHIVE, or earshot download (2.4 GB)"
            )
    if data in (SYNTHETIC, RANDOM) and sample_rate_hz != _MADE_AT_HZ:
        raise UserError(
            f"--sample-rate-hz is {sample_rate_hz}, but {data} clips are made at {_MADE_AT_HZ} Hz; pass "
            "recordings at your rate with --data"
        )
    check(data, flag)
    if data == SPEECH_COMMANDS:
        root = download.official_corpus(cache_root())
        assert root is not None
        source = Source(data, "Speech Commands v0.02", root, "the official recordings and their split")
    elif data == SYNTHETIC:
        root = generate.generate(
            words,
            cache_root(),
            seed=seed,
            language=language,
            clip_duration_ms=clip_duration_ms,
            clips_per_word=clips_per_word,
            running_speech=running_speech,
        )
        source = Source(data, f"synthetic ({language})", root, generate.synthetic_description(language))
    elif data == RANDOM:
        note = "random noise with random labels, for debugging: accuracy means nothing here"
        source = Source(data, "random", _random_corpus(words, seed), note)
    else:
        source = Source(FOLDER, Path(data).name, root_of(data, words), f"recordings given with {flag}")
    log(f"corpus: {source.name} in {source.root}: {source.note}")
    return source


def check(data: str | None, flag: str = "--data") -> None:
    """Make sure that a corpus is there, or can be made, without making it.

    Raises:
        UserError: there is no such thing.
    """
    if data is not None and not data.strip():
        raise UserError(f"{flag} {data!r} names nothing; expected a path, {SPEECH_COMMANDS} or {SYNTHETIC}")
    if data == SPEECH_COMMANDS and download.official_corpus(cache_root()) is None:
        raise UserError(
            f"{flag} speech_commands: not downloaded yet; get it with: earshot download (2.4 GB)"
            + ("; for the folder of that name: --data ./speech_commands" if Path(data).is_dir() else "")
        )
    if data not in (None, SPEECH_COMMANDS, SYNTHETIC, RANDOM) and not Path(data).exists():
        hint = meant(data, (SPEECH_COMMANDS, SYNTHETIC))
        raise UserError(
            f"{flag} {data}: there is no such folder or archive; {f'{hint} Otherwise ' if hint else ''}"
            f"expected a path, {SPEECH_COMMANDS}, {SYNTHETIC} or {RANDOM}"
        )


def usual_source() -> str:
    """What is trained on where nobody names anything."""
    return SPEECH_COMMANDS if download.official_corpus(cache_root()) else SYNTHETIC


def is_made(data: str | None) -> bool:
    """Whether a corpus may have to be made first, which takes its time."""
    return data in (None, SYNTHETIC, RANDOM)


def root_of(where: str, words: Sequence[str]) -> Path:
    """The folder of words in a folder or an archive, which is unpacked if need be."""
    path = Path(where)
    return (
        corpus_root(path, words=words) if path.is_dir() else archive.extract(path, cache_root(), words=words)
    )


def _random_corpus(words: tuple[str, ...], seed: int) -> Path:
    """Noise in the layout of a corpus, so that debugging goes through the very same code."""
    key = hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]
    folder = cache_root() / "corpora" / f"random-{seed}-{key}"
    if folder.is_dir():
        return folder
    generator = np.random.default_rng(seed)
    with whole_folder(folder) as unfinished:
        folders = (*words, _OTHER_WORD)
        for word in (*folders, BACKGROUND_FOLDER):
            (unfinished / word).mkdir()
        for word in folders:
            for clip in range(_RANDOM_CLIPS_PER_WORD):
                _write_noise(unfinished / word / f"{word}{clip}_nohash_0.wav", 1, generator)
        _write_noise(unfinished / BACKGROUND_FOLDER / "noise.wav", 60, generator)
        names = [f"{word}/{word}{clip}_nohash_0.wav\n" for word in folders for clip in range(20)]
        (unfinished / SPLIT_LISTS[VALIDATION]).write_text("".join(names[0::2]), encoding="utf-8")
        (unfinished / SPLIT_LISTS[TESTING]).write_text("".join(names[1::2]), encoding="utf-8")
    return folder


def _write_noise(path: Path, seconds: int, generator: np.random.Generator) -> None:
    noise = generator.normal(0.0, 0.1, seconds * _MADE_AT_HZ).astype(np.float32)
    path.write_bytes(encode_wav(to_int16(noise), _MADE_AT_HZ))
