"""``earshot sample``: a small corpus out of a large one, with the same shape."""

import argparse
import hashlib
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from train.commands.corpus_flags import add_corpus_flags, find_corpus
from train.core import runfolder
from train.core.console import log, progress, say
from train.core.errors import UserError
from train.core.layout import BACKGROUND_FOLDER, SPLIT_LISTS, SPLITS
from train.core.outputs import Output, check_outside, has_file, whole_folder
from train.data.corpus import Clip, Corpus, read_corpus
from train.settings.job import Job

RECORD = "sample.json"  # in the folder: what it was drawn from, and that it may be drawn anew
SAMPLE = Output("holds a sample", "exists and is no earlier sample", has_file(RECORD))
_KEPT_WITH_CLIPS = ("LICENSE*", "README*")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of ``earshot sample``."""
    parser.description = (
        "Draw so many clips of each word from a corpus, by split as it is split, no speaker in "
        "two splits; lists and background noise are kept."
    )
    add_corpus_flags(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the new corpus")
    parser.add_argument(
        "--clips-per-word", type=int, required=True, metavar="N", help="all where there are fewer"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier sample in that folder")


def run(flags: argparse.Namespace) -> None:
    """Write the sample; its path goes to stdout."""
    if flags.clips_per_word < 1:
        raise UserError(f"--clips-per-word is {flags.clips_per_word}, expected 1 or more")
    job = Job((), data=flags.data, seed=flags.seed)
    SAMPLE.check(flags.out, flags.overwrite)
    source = find_corpus(job)
    check_outside(flags.out, source.root)
    corpus = read_corpus(source.root, job.front_end.sample_rate_hz)
    clips = draw(corpus, flags.clips_per_word, flags.seed)
    record = {
        "of": source.name,
        "sha256": corpus.sha256,
        "clips_per_word": flags.clips_per_word,
        "seed": flags.seed,
    }
    write_sample(corpus, clips, flags.out, record)
    counts = Counter(clip.split for clip in clips)
    speakers = len({clip.speaker for clip in clips})
    log(
        f"{len(clips):,} of {len(corpus.clips):,} clips, {speakers:,} speakers: "
        + ", ".join(f"{split} {counts[split]:,}" for split in SPLITS)
    )
    say(str(flags.out))


def draw(corpus: Corpus, clips_per_word: int, seed: int) -> list[Clip]:
    """Clips of each word, as many of each split as its share of the word, at least one where there is one.

    What is drawn hangs on the seed and the name of a clip alone: a larger sample holds a smaller one. A
    speaker whom the corpus has in several splits stays in the one with most of the clips.
    """
    home = _homes(corpus.clips)
    groups: dict[str, dict[str, list[Clip]]] = defaultdict(lambda: defaultdict(list))
    for clip in corpus.clips:
        if clip.split == home[clip.speaker]:
            groups[clip.word][clip.split].append(clip)
    drawn: list[Clip] = []
    for _, by_split in sorted(groups.items()):
        shares = _shares({split: len(by_split[split]) for split in SPLITS}, clips_per_word)
        for split in SPLITS:
            in_order = sorted(by_split[split], key=lambda clip: _rank(clip, seed))
            drawn += in_order[: shares[split]]
    return drawn


def write_sample(corpus: Corpus, clips: list[Clip], out: Path, record: dict[str, object]) -> None:
    """The folder with these clips, their lists, background noise and licence, whole or not at all."""
    with whole_folder(out) as unfinished, progress("copying clips", len(clips)) as advance:
        for clip in clips:
            target = unfinished / clip.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(clip.path, target)
            advance()
        if corpus.split_rule in ("lists", "folders"):
            for split, name in SPLIT_LISTS.items():
                listed = sorted(clip.name for clip in clips if clip.split == split)
                (unfinished / name).write_text("".join(f"{each}\n" for each in listed), encoding="utf-8")
        if corpus.has_background_folder:
            _copy_noise(corpus, unfinished / BACKGROUND_FOLDER)
        for pattern in _KEPT_WITH_CLIPS:
            for path in corpus.root.glob(pattern):
                shutil.copyfile(path, unfinished / path.name)
        runfolder.write_json(unfinished / RECORD, record)
        if out.is_dir():
            shutil.rmtree(out)


def _copy_noise(corpus: Corpus, target: Path) -> None:
    """The folder of noise as it is; what is understood as noise from folders of other names."""
    official = corpus.root / BACKGROUND_FOLDER
    if official.is_dir():
        shutil.copytree(official, target)
    for path in corpus.backgrounds:
        if not path.is_relative_to(official):
            copy = target.joinpath(*path.relative_to(corpus.root).parts)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _homes(clips: Iterable[Clip]) -> dict[str, str]:
    """The split of each speaker."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for clip in clips:
        counts[clip.speaker][clip.split] += 1
    return {speaker: count.most_common(1)[0][0] for speaker, count in counts.items()}


def _shares(available: dict[str, int], wanted: int) -> dict[str, int]:
    """``wanted`` divided as ``available`` is, after one for each split that has any."""
    total = sum(available.values())
    shares = dict.fromkeys(available, 0)
    for _ in range(min(wanted, total)):
        open_splits = [split for split in available if shares[split] < available[split]]
        neediest = max(
            open_splits,
            key=lambda split: (not shares[split], wanted * available[split] / total - shares[split]),
        )
        shares[neediest] += 1
    return shares


def _rank(clip: Clip, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {clip.name}".encode()).digest()
