"""Reads a folder in the Speech Commands layout, checks every file, and lists what cannot be used.

``<word>/<speaker>_nohash_<n>.wav``, ``_background_noise_/``, and optionally
``validation_list.txt`` and ``testing_list.txt``, which then decide the split.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from train.audio.wav import WavError, conversion_command, decode_wav
from train.core.console import progress, warn
from train.core.errors import UserError
from train.core.layout import (
    BACKGROUND_FOLDER,
    SPEAKER_END,
    SPLIT_LISTS,
    SPLITS,
    TESTING,
    TRAINING,
    VALIDATION,
)
from train.core.results.training import SkippedFile

_SOUNDS = (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".aif", ".aiff")
_MAX_HASH = 2**27 - 1
_READERS = 8  # reading many small files waits for the disk, not for the processor


@dataclass(frozen=True)
class Clip:
    """One usable recording."""

    path: Path
    name: str  # "<word>/<file>" with the word in lower case; unique in the corpus
    word: str
    split: str
    samples: int
    sha256: str

    @property
    def speaker(self) -> str:
        return speaker_of(self.path.name)


@dataclass(frozen=True)
class Corpus:
    """Everything found under one root."""

    root: Path
    clips: tuple[Clip, ...]
    backgrounds: tuple[Path, ...]
    skipped: tuple[SkippedFile, ...]
    split_rule: str  # "lists" or "hash"
    sha256: str  # of names, splits and contents
    has_background_folder: bool = False
    missing: tuple[str, ...] = ()  # named in the lists, but not there

    @property
    def words(self) -> dict[str, int]:
        """Clips per word."""
        return dict(sorted(Counter(clip.word for clip in self.clips).items()))

    def skipped_by_kind(self) -> dict[str, int]:
        return dict(Counter(item.kind for item in self.skipped).most_common())


def speaker_of(name: str) -> str:
    """The speaker that a file name tells; the whole name where it tells none."""
    return re.sub(rf"{SPEAKER_END}.*$", "", name)


def which_set(name: str, validation_percentage: float, testing_percentage: float) -> str:
    """The split of a clip by the hash of its speaker.

    Everything from ``_nohash_`` on is left out, so that a speaker stays on one side and
    a growing corpus never moves a clip.

    Args:
        name: file name, with or without folders.
    Source:
        SHA-1 rule of TensorFlow's speech_commands ``input_data.which_set``.
    """
    speaker = speaker_of(name.rsplit("/", 1)[-1])
    digest = int(hashlib.sha1(speaker.encode("utf-8")).hexdigest(), 16)
    percentage = (digest % (_MAX_HASH + 1)) * (100.0 / _MAX_HASH)
    if percentage < validation_percentage:
        return VALIDATION
    if percentage < validation_percentage + testing_percentage:
        return TESTING
    return TRAINING


def read_corpus(
    root: Path,
    sample_rate_hz: int,
    validation_percentage: float = 10.0,
    testing_percentage: float = 10.0,
) -> Corpus:
    """Read and check every file under ``root``.

    A file that is not whole 16-bit mono PCM at ``sample_rate_hz`` is listed in
    ``skipped`` with its reason; so is any other file in a word's folder. Clips that the
    lists name but nobody finds are in ``missing``, and a warning counts them.

    Raises:
        UserError: no such folder, or not one usable WAV in it.
    """
    root = Path(root)
    if not root.is_dir():
        raise UserError(f"{root}: there is no such folder; --data takes a folder or archive of clips")
    listed = read_lists(root)
    files = [
        file
        for folder in sorted(root.iterdir())
        if folder.is_dir() and folder.name != BACKGROUND_FOLDER and not folder.name.startswith(".")
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    ]
    clips: list[Clip] = []
    missing = dict(listed or {})
    skipped = [
        SkippedFile(file.name, "outside a word's folder", "expected <word>/<file>.wav")
        for file in sorted(root.iterdir())
        if file.is_file() and file.suffix.lower() in _SOUNDS
    ]
    with ThreadPoolExecutor(_READERS) as pool, progress("reading corpus", len(files)) as advance:
        for file, (samples, sha256, error) in zip(
            files, pool.map(lambda path: _check(path, sample_rate_hz), files), strict=True
        ):
            advance()
            word = file.relative_to(root).parts[0].lower()
            name = f"{word}/{file.name}"
            missing.pop(name, None)
            if error is not None:
                skipped.append(SkippedFile(str(file.relative_to(root)), error.kind, error.detail))
                continue
            if listed is None:
                split = which_set(file.name, validation_percentage, testing_percentage)
            else:
                split = listed.get(name, TRAINING)
            clips.append(Clip(file, name, word, split, samples, sha256))
    backgrounds, background_skipped = _read_backgrounds(root, sample_rate_hz)
    skipped += background_skipped
    if not clips:
        raise UserError(_nothing_usable(root, skipped, sample_rate_hz))
    _refuse_duplicates(clips)
    if missing:
        warn(
            f"{root}: {len(missing)} of the {len(listed or {})} clips that its lists name are not there "
            f"(first: {next(iter(missing))} in {SPLIT_LISTS[next(iter(missing.values()))]}); check the lists "
            "if no clip was taken out on purpose"
        )
    return Corpus(
        root=root,
        clips=tuple(clips),
        backgrounds=tuple(path for path, _ in backgrounds),
        skipped=tuple(skipped),
        split_rule="hash" if listed is None else "lists",
        sha256=_corpus_hash(clips, backgrounds),
        has_background_folder=(root / BACKGROUND_FOLDER).is_dir(),
        missing=tuple(missing),
    )


def require_words(corpus: Corpus, words: Iterable[str], splits: Iterable[str] = SPLITS) -> None:
    """Check that each word has clips in each of the splits.

    Raises:
        UserError: a word has no folder, no usable clip, or none in a split.
    """
    available = corpus.words
    for word in words:
        if word not in available:
            unusable = sum(item.file.lower().startswith(f"{word}/") for item in corpus.skipped)
            if unusable:
                raise UserError(
                    f"{corpus.root}: none of the {unusable} files of {word!r} can be used; "
                    f"{_skip_summary(corpus.skipped, f'{word}/')}"
                )
            raise UserError(
                f"{corpus.root}: expected clips of {word!r} in a folder of that name, but found only: "
                f"{', '.join(available)}"
            )
        counts = Counter(clip.split for clip in corpus.clips if clip.word == word)
        for split in splits:
            if not counts[split]:
                how = (
                    _list_of(split)
                    if corpus.split_rule == "lists"
                    else f"{counts.total()} clips are too few speakers for the hash rule; record more, or "
                    "write validation_list.txt and testing_list.txt"
                )
                raise UserError(f"{corpus.root}: {word!r} has no {split} clip: {how}")


def _check(path: Path, sample_rate_hz: int) -> tuple[int, str, WavError | None]:
    """Samples, SHA-256 and fault of one file."""
    if path.suffix.lower() != ".wav":
        kind = f"{path.suffix.lower() or 'no suffix'} file"
        return 0, "", WavError(str(path), kind, "not a .wav file; convert it to 16-bit mono WAV")
    try:
        data = path.read_bytes()
    except OSError as error:
        return 0, "", WavError(str(path), "unreadable", f"cannot be read: {error.strerror}")
    try:
        samples = decode_wav(data, sample_rate_hz, str(path))
    except WavError as error:
        return 0, "", error
    return len(samples), hashlib.sha256(data).hexdigest(), None


def _read_backgrounds(root: Path, sample_rate_hz: int) -> tuple[list[tuple[Path, str]], list[SkippedFile]]:
    folder = root / BACKGROUND_FOLDER
    found: list[tuple[Path, str]] = []
    skipped: list[SkippedFile] = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if not path.is_file() or path.name.startswith((".", "README")):
            continue
        _, sha256, error = _check(path, sample_rate_hz)
        if error is None:
            found.append((path, sha256))
        else:
            skipped.append(SkippedFile(str(path.relative_to(root)), error.kind, error.detail))
    return found, skipped


def read_lists(root: Path) -> dict[str, str] | None:
    """Split of each listed clip, or None where the corpus has no lists."""
    present = {split: root / name for split, name in SPLIT_LISTS.items() if (root / name).is_file()}
    if not present:
        return None
    listed: dict[str, str] = {}
    for split, path in present.items():
        try:
            text = path.read_text(encoding="utf-8-sig")  # some editors write a byte order mark
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: is not UTF-8 text ({error}); save it as UTF-8") from error
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            parts = PurePosixPath(line.strip().replace("\\", "/")).parts
            if len(parts) < 2:
                raise UserError(f"{path}:{number}: {line.strip()!r}, expected <word>/<file>.wav")
            name = f"{parts[0].lower()}/{parts[-1]}"  # as read_corpus names clips, nested or not
            if listed.setdefault(name, split) != split:
                raise UserError(f"{path}:{number}: {name} is also in {SPLIT_LISTS[listed[name]]}")
    return listed


def _refuse_duplicates(clips: list[Clip]) -> None:
    repeated = [name for name, count in Counter(clip.name for clip in clips).items() if count > 1]
    if repeated:
        raise UserError(
            f"{repeated[0]}: found more than once (folders that differ only in case, or nested folders); "
            f"{len(repeated)} such names; rename the files"
        )


def _corpus_hash(clips: list[Clip], backgrounds: list[tuple[Path, str]]) -> str:
    digest = hashlib.sha256()
    for clip in clips:
        digest.update(f"{clip.name}\0{clip.split}\0{clip.sha256}\n".encode())
    for path, sha256 in backgrounds:
        digest.update(f"{BACKGROUND_FOLDER}/{path.name}\0{sha256}\n".encode())
    return digest.hexdigest()


def _skip_summary(skipped: Iterable[SkippedFile], prefix: str = "") -> str:
    chosen = [item for item in skipped if item.file.lower().startswith(prefix)]
    kinds = ", ".join(
        f"{count} {kind}" for kind, count in Counter(item.kind for item in chosen).most_common()
    )
    first = chosen[0]
    return f"{kinds} (first: {first.file}: {first.reason})"


def _list_of(split: str) -> str:
    """Say which list to mend where a split has no clip of a word."""
    if split in SPLIT_LISTS:
        return f"{SPLIT_LISTS[split]} names none; add some of its clips there"
    return "the lists name all of its clips; take some out of them"


def _nothing_usable(root: Path, skipped: list[SkippedFile], sample_rate_hz: int) -> str:
    if skipped:
        return (
            f"{root}: not one usable clip; {_skip_summary(skipped)}; expected 16-bit mono WAV, which makes: "
            f"{conversion_command(sample_rate_hz)}"
        )
    return f"{root}: no .wav found; expected <word>/<speaker>_nohash_<n>.wav, e.g. yes/anna_nohash_0.wav"
