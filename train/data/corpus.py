"""Reads a folder of recordings by word, checks every file, and lists what cannot be used.

``<word>/<speaker>_nohash_<n>.wav``, ``_background_noise_/``, and optionally
``validation_list.txt`` and ``testing_list.txt``, which then decide the split, as Speech Commands has them; or
``<word>/<speaker>/<n>.wav``, ``<speaker>/<word>/<n>.wav``, or files of any names.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from train.audio.recording import CONVERSION, NO_SOUND, counted, in_words, read_recording
from train.audio.wav import WavError, conversion_command
from train.core.console import log, printable, progress, warn
from train.core.errors import UserError
from train.core.files.plain import read_plain
from train.core.layout import (
    BACKGROUND_FOLDER,
    SOUND_SUFFIXES,
    SPLIT_LISTS,
    SPLITS,
    TRAINING,
    VALIDATION,
    is_litter,
)
from train.core.results.training import SkippedFile
from train.core.spec import SILENCE_LABEL
from train.core.terminal import interrupts
from train.data.corpus_files import File, find_files, list_key
from train.data.folder_names import meanings, understood
from train.data.speakers import Division, Named, divide, name_speakers, speaker_of, which_set

_MOST_LIST_BYTES = 100_000_000
_READERS = 8  # reading many small files waits for the disk, not for the processor


@dataclass(frozen=True)
class Clip:
    """One usable recording.

    Attributes:
        name: "<word>/<file>" with the word as labels have it, or with folders between them; unique.
        samples: at the rate that the corpus was read at.
        sha256: of the file.
        audio: a 16-bit mono WAV of it at that rate, where it is none itself.
        said_by: the speaker; "" for the one that the name of the file tells.
    """

    path: Path
    name: str
    word: str
    split: str
    samples: int
    sha256: str
    audio: Path | None = None
    said_by: str = ""

    @property
    def speaker(self) -> str:
        return self.said_by or speaker_of(self.path.name)

    @property
    def wav(self) -> Path:
        """What ``read_wav`` reads."""
        return self.audio or self.path


@dataclass(frozen=True)
class Corpus:
    """Everything found under one root."""

    root: Path
    clips: tuple[Clip, ...]
    backgrounds: tuple[Path, ...]
    skipped: tuple[SkippedFile, ...]
    split_rule: str  # see ``speakers.Division``
    sha256: str  # of names, splits and contents
    has_background_folder: bool = False
    missing: tuple[str, ...] = ()  # named in the lists, but not there
    note: str = ""  # what its making means for figures
    converted: Mapping[str, int] = field(default_factory=dict)  # clips by kind
    repaired: Mapping[str, int] = field(default_factory=dict)

    @property
    def words(self) -> dict[str, int]:
        """Clips per word."""
        return dict(sorted(Counter(clip.word for clip in self.clips).items()))

    def skipped_by_kind(self) -> dict[str, int]:
        return dict(Counter(item.kind for item in self.skipped).most_common())


def read_corpus(
    root: Path,
    sample_rate_hz: int,
    validation_percentage: float = 10.0,
    testing_percentage: float = 10.0,
    words: Sequence[str] = (),
) -> Corpus:
    """Read and check every file under ``root``, and say what was made of it.

    A recording of any kind is converted to 16-bit mono at ``sample_rate_hz``. A file that cannot be is
    listed in ``skipped`` with its reason; so is any other file in a word's folder. Clips that the lists
    name but nobody finds are in ``missing``, and a warning counts them.

    Args:
        words: that are to be spotted. They tell folders of words from others, and which words need clips
            in each split.
    Raises:
        UserError: no such folder, or not one usable recording in it.
    """
    root = Path(root)
    if not root.is_dir():
        raise UserError(f"{root}: there is no such folder; --data takes a folder or archive of clips")
    listed = read_lists(root)
    files = find_files(root, words)
    known = {file.path for file in files}
    skipped = [
        SkippedFile(printable(file.name), "outside a word's folder", "expected <word>/<file>.wav")
        for file in sorted(root.iterdir())
        if file.is_file() and file.suffix.lower() in SOUND_SUFFIXES and not is_litter(file.name)
        if file not in known
    ]
    usable: list[tuple[File, _Checked]] = []
    noise: list[tuple[Path, str]] = []
    noise_skipped: list[SkippedFile] = []
    named: set[str] = set()
    with (
        interrupts.prompt(ThreadPoolExecutor(_READERS)) as pool,
        progress("reading corpus", len(files)) as advance,
    ):
        checked = pool.map(lambda file: _check(file.path, sample_rate_hz), files)
        for file, found in zip(files, checked, strict=True):
            advance()
            named |= file.list_keys
            if isinstance(found, WavError):
                item = SkippedFile(printable(str(file.path.relative_to(root))), found.kind, found.detail)
                (noise_skipped if file.word == BACKGROUND_FOLDER else skipped).append(item)
            elif file.is_noise(found.samples / sample_rate_hz):
                noise.append((file.path, found.identity))
            else:
                usable.append((file, found))
    skipped += noise_skipped
    if not usable:
        raise UserError(_nothing_usable(root, skipped, sample_rate_hz))
    divided = _divide(usable, listed, words, (validation_percentage, testing_percentage), str(root))
    clips = _clips(usable, divided)
    missing = [name for name in listed or {} if name not in named]
    if missing:
        warn(
            f"{root}: {len(missing)} of the {len(listed or {})} clips that its lists name are not there "
            f"(first: {missing[0]} in {SPLIT_LISTS[(listed or {})[missing[0]]]}); check the lists "
            "if no clip was taken out on purpose"
        )
    corpus = Corpus(
        root=root,
        clips=clips,
        backgrounds=tuple(path for path, _ in noise),
        skipped=tuple(skipped),
        split_rule=divided.rule,
        sha256=_corpus_hash(clips, [found.identity for _, found in usable], noise),
        has_background_folder=(root / BACKGROUND_FOLDER).is_dir() or bool(noise),
        missing=tuple(missing),
        note=divided.note,
        converted=counted(found.converted for _, found in usable),
        repaired=counted(found.repaired for _, found in usable),
    )
    _say(corpus, files)
    mute = [file for file, found in usable if found.is_mute and file.label != SILENCE_LABEL]
    if mute:
        warn(
            f"{root}: clips of words without any sound, as of a microphone that is off: {len(mute)} (first: "
            f"{mute[0].name(in_full=True)}); they are used as they are: take them out"
        )
    return corpus


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
            folders = (path.name for path in corpus.root.iterdir() if path.is_dir())
            if word in meanings(folders, [word]).values():
                raise UserError(f"{corpus.root}: the folder of {word!r} is empty; put recordings there")
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
                    else f"{_counted(corpus, word)} too few to keep some for each split; record more, or "
                    "write validation_list.txt and testing_list.txt"
                )
                raise UserError(f"{corpus.root}: {word!r} has no {split} clip: {how}")


@dataclass(frozen=True)
class _Checked:
    """A usable recording, without its samples."""

    samples: int
    sha256: str
    audio: Path
    converted: str
    repaired: str
    is_mute: bool  # no sample differs from the others

    @property
    def identity(self) -> str:
        """What the hash of the corpus has of it."""
        return f"{self.sha256} {CONVERSION}" if self.converted else self.sha256


def _check(path: Path, sample_rate_hz: int) -> _Checked | WavError:
    """One file, or its fault."""
    try:
        found = read_recording(path, sample_rate_hz)
    except WavError as error:
        if error.kind == NO_SOUND and path.suffix.lower() != ".wav":
            kind = f"{path.suffix.lower() or 'no suffix'} file"
            return WavError(str(path), printable(kind), error.detail)
        return error
    is_mute = bool(found.samples.min() == found.samples.max())
    return _Checked(len(found.samples), found.sha256, found.wav, found.converted, found.repaired, is_mute)


def _divide(
    usable: Sequence[tuple[File, _Checked]],
    listed: Mapping[str, str] | None,
    words: Sequence[str],
    percentages: tuple[float, float],
    root: str,
) -> Division:
    """Who says each usable clip, and its split."""
    named = [Named(file.label, file.within, file.take) for file, _ in usable]
    if listed is not None:
        speakers, _ = name_speakers(named, root)
        return Division(tuple(speakers), tuple(_listed(file, listed) for file, _ in usable), "lists")
    if any(file.split not in ("", TRAINING) for file, _ in usable):
        return _divide_by_folder(usable, words, percentages[0], root)
    spoken = [index for index, clip in enumerate(named) if clip.word != SILENCE_LABEL]
    division = divide([named[index] for index in spoken], words, *percentages, root)
    # Nobody speaks in the others.
    speakers = [clip.file for clip in named]
    splits = [which_set(clip.file, *percentages) for clip in named]
    for place, index in enumerate(spoken):
        speakers[index], splits[index] = division.speakers[place], division.splits[place]
    return replace(division, speakers=tuple(speakers), splits=tuple(splits))


def _divide_by_folder(
    usable: Sequence[tuple[File, _Checked]], words: Sequence[str], validation_percentage: float, root: str
) -> Division:
    """As the folders around the files say; clips for validation are kept of those to train on if need be."""
    held_out = [file.split not in ("", TRAINING) for file, _ in usable]
    has_validation = any(file.split == VALIDATION for file, _ in usable)
    rest = [pair for pair, is_out in zip(usable, held_out, strict=True) if not is_out]
    divided = _divide(rest, None, words, (0.0 if has_validation else validation_percentage, 0.0), root)
    of_rest = iter(divided.splits)
    splits = [
        file.split if is_out else next(of_rest) for (file, _), is_out in zip(usable, held_out, strict=True)
    ]
    speakers, _ = name_speakers([Named(file.label, file.within, file.take) for file, _ in usable], root)
    note = "" if divided.rule == "takes" else divided.note  # takes that are tested on
    return Division(tuple(speakers), tuple(splits), "folders", note)


def _listed(file: File, listed: Mapping[str, str]) -> str:
    return next((listed[key] for key in file.list_keys if key in listed), TRAINING)


def _clips(usable: Sequence[tuple[File, _Checked]], divided: Division) -> tuple[Clip, ...]:
    short = Counter(file.name(in_full=False) for file, _ in usable)
    clips = []
    for (file, found), speaker, split in zip(usable, divided.speakers, divided.splits, strict=True):
        name = file.name(in_full=short[file.name(in_full=False)] > 1)
        audio = found.audio if found.audio != file.path else None
        clips.append(Clip(file.path, name, file.label, split, found.samples, found.sha256, audio, speaker))
    _refuse_duplicates(clips)
    return tuple(clips)


def _say(corpus: Corpus, files: Sequence[File]) -> None:
    """What was made of the files, as far as it is not what their names say."""
    changes = [
        f"{what} {sum(counts.values())}{' recordings' if what == 'converted' else ''}: {in_words(counts)}"
        for what, counts in (("converted", corpus.converted), ("repaired", corpus.repaired))
        if counts
    ]
    if changes:
        log("; ".join(changes))
    for folder, meaning in understood({file.folder: file.word for file in files}).items():
        log(f"folder {folder!r} is understood as {meaning}")
    if corpus.note:
        log(corpus.note)


def read_lists(root: Path) -> dict[str, str] | None:
    """Split of each listed clip by its ``list_key``, or None where the corpus has no lists."""
    present = {split: root / name for split, name in SPLIT_LISTS.items() if (root / name).is_file()}
    if not present:
        return None
    listed: dict[str, str] = {}
    for split, path in present.items():
        try:
            # Some editors write a byte order mark.
            text = read_plain(path, _MOST_LIST_BYTES).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: is not UTF-8 text ({error}); save it as UTF-8") from error
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            parts = PurePosixPath(line.strip().replace("\\", "/")).parts
            if len(parts) < 2:
                raise UserError(f"{path}:{number}: {line.strip()!r}, expected <word>/<file>.wav")
            name = list_key("/".join(parts))
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


def _corpus_hash(
    clips: Sequence[Clip], identities: Sequence[str], backgrounds: Iterable[tuple[Path, str]]
) -> str:
    """Of names, splits and contents, and how what is no 16-bit mono WAV is converted."""
    digest = hashlib.sha256()
    for clip, identity in zip(clips, identities, strict=True):
        digest.update(f"{clip.name}\0{clip.split}\0{identity}\n".encode())
    for path, identity in backgrounds:
        digest.update(f"{BACKGROUND_FOLDER}/{printable(path.name)}\0{identity}\n".encode())
    return digest.hexdigest()


def _skip_summary(skipped: Iterable[SkippedFile], prefix: str = "") -> str:
    chosen = [item for item in skipped if item.file.lower().startswith(prefix)]
    kinds = ", ".join(
        f"{count} {kind}" for kind, count in Counter(item.kind for item in chosen).most_common()
    )
    first = chosen[0]
    return f"{kinds} (first: {first.file}: {first.reason})"


def _counted(corpus: Corpus, word: str) -> str:
    clips = [clip for clip in corpus.clips if clip.word == word]
    speakers = len({clip.speaker for clip in clips})
    return f"{len(clips)} clips by {speakers} speaker{'s' * (speakers != 1)} are"


def _list_of(split: str) -> str:
    """Say which list to mend where a split has no clip of a word."""
    if split in SPLIT_LISTS:
        return f"{SPLIT_LISTS[split]} names none; add some of its clips there"
    return "the lists name all of its clips; take some out of them"


def _nothing_usable(root: Path, skipped: list[SkippedFile], sample_rate_hz: int) -> str:
    if skipped:
        return (
            f"{root}: not one usable clip; {_skip_summary(skipped)}; expected recordings, such as what this "
            f"makes: {conversion_command(sample_rate_hz)}"
        )
    return f"{root}: no recording found; expected <word>/<speaker>_nohash_<n>.wav, e.g. yes/anna_nohash_0.wav"
