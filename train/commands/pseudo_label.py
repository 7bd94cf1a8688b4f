"""``earshot pseudo-label``: a corpus out of recordings whose labels trained runs agree on."""

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from train.challenge.pseudo_labels import (
    MANIFEST,
    Opinion,
    Truth,
    accepted,
    find_recordings,
    has_speaker,
    missing_words,
    opinion,
    write_corpus,
)
from train.challenge.scored_files import ScoredFiles
from train.challenge.scorers import Committee, Fault, Scorer, convene
from train.challenge.submission_rules import digest_of, list_clips
from train.commands.corpus_flags import find_corpus
from train.core.console import log, printable, progress, say, show, warn
from train.core.errors import Interrupted, UserError
from train.core.native import import_tensorflow
from train.core.outputs import Output, check_outside, has_file
from train.core.pretrained.models import run_of
from train.settings.job import Job

_SHOWN_THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)  # beside the one that is asked for
_SHOWN_FAULTS = 5
_CORPUS = Output(
    "holds a pseudo-labelled corpus", "exists and is no earlier pseudo-labelled corpus", has_file(MANIFEST)
)


class _Opinions(ScoredFiles):
    work = "an unfinished pseudo-labelling"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of ``earshot pseudo-label``."""
    parser.description = (
        "Score recordings with trained runs, keep those on whose label they agree, and write "
        "them as a corpus for training, with a manifest (pseudo.json). Labels that the recordings have are "
        "not used; where there are some, they tell how many pseudo-labels are right. Training takes the "
        "corpus with --pseudo FOLDER --pseudo-fraction 0.6."
    )
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", type=run_of, help="run folders with the same labels"
    )
    parser.add_argument(
        "--data",
        required=True,
        metavar="WHERE",
        help="a folder or archive of recordings, by word or not, or speech_commands (downloaded)",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.7,
        metavar="0..1",
        help="least mean score of the label over all runs (%(default)s)",
    )
    parser.add_argument(
        "--agree", type=int, metavar="N", help="runs that have to hear the label (default: all of them)"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="the new corpus; hard links if possible"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier one in that folder")


def run(flags: argparse.Namespace) -> None:
    """Write the corpus; its path goes to stdout behind a table of thresholds."""
    agree = len(flags.runs) if flags.agree is None else flags.agree
    if not 0 <= flags.threshold <= 1:
        raise UserError(f"--threshold is {flags.threshold:g}, expected 0 to 1")
    if not 1 <= agree <= len(flags.runs):
        raise UserError(f"--agree is {agree}, expected 1 to {len(flags.runs)}, the number of runs")
    _CORPUS.check(flags.out, flags.overwrite)
    committee = convene(flags.runs)
    root = _root(flags.data)
    check_outside(flags.out, root)
    names = find_recordings(root)
    if not names:
        raise UserError(f"--data {flags.data}: there is no recording in it; expected some to label")
    rows = _Opinions(flags.out)
    try:
        _score(committee, root, names, rows)
        opinions, faults = _read(rows)
        kept = accepted(opinions, flags.threshold, agree)
        truth = Truth(root, committee.labels)
        table = _table(opinions, truth, sorted({flags.threshold, *_SHOWN_THRESHOLDS}), agree)
        _print_table(table, agree, len(flags.runs))
        if not kept:
            raise UserError(
                f"no recording reaches --threshold {flags.threshold:g} with --agree {agree}; the scores are "
                f"kept in {rows.part}: lower one of them, and the same command goes on"
            )
        record = {
            "of": flags.data,
            "threshold": flags.threshold,
            "agree": agree,
            "runs": [
                {"run": str(run), "model_sha256": digest}
                for run, digest in zip(committee.runs, committee.models_sha256, strict=True)
            ],
            "recordings": len(names),
            "counts": dict(sorted(Counter(each.label for each in kept).items())),
            "thresholds": table,
            "faults": faults,
        }
        write_corpus(root, kept, flags.out, record)
    except KeyboardInterrupt:
        raise Interrupted(f"stopped; {rows.kept()}") from None
    rows.part.unlink()
    _report(kept, faults, len(names), committee)
    say(str(flags.out))


def _root(data: str) -> Path:
    """The folder that the recordings are in: as it is if it has some, else where a corpus begins."""
    path = Path(data)
    if path.is_dir() and list_clips(os.fsencode(path)):
        return path
    return find_corpus(Job((), data=data)).root


def _score(committee: Committee, root: Path, names: list[bytes], rows: _Opinions) -> None:
    """Score the recordings that have no row yet."""
    settings = {
        **committee.settings(),
        "folder": str(root.resolve()),
        "names_sha256": digest_of(names),
    }
    rows.check(**settings)
    if rows.count:
        log(f"going on behind recording {rows.count:,} of {len(names):,}")
    if rows.count == len(names):
        return
    import_tensorflow()
    scorer = Scorer(committee)
    sources = [os.fsdecode(name) for name in names]
    start = rows.count
    with rows.append(settings), progress("scoring", len(names) - start) as advance:
        verdicts = scorer.judge(root, sources, start=start, finds_word=True)
        for source, verdict in zip(sources[start:], verdicts, strict=True):
            if isinstance(verdict, Fault):
                rows.add((source, None, verdict.reason))
            else:
                said = opinion(source, verdict.scores, committee.labels)
                rows.add((source, said.label, said.probability, said.runs))
            advance()


def _read(rows: _Opinions) -> tuple[list[Opinion], dict[str, str]]:
    """The opinions, and why there is none of other recordings."""
    opinions, faults = [], {}
    for source, label, *rest in rows.rows():
        if label is None:
            faults[source] = rest[0]
        else:
            opinions.append(Opinion(source, label, rest[0], tuple(rest[1])))
    return opinions, faults


def _table(
    opinions: Sequence[Opinion], truth: Truth, thresholds: Sequence[float], agree: int
) -> list[dict[str, Any]]:
    """What each threshold keeps, and how much of it is right as far as the recordings have labels."""
    rows = []
    for threshold in thresholds:
        kept = accepted(opinions, threshold, agree)
        known = [each for each in kept if truth.label(each.source) is not None]
        held_out = [each for each in known if truth.is_held_out(each.source)]
        row: dict[str, Any] = {"threshold": threshold, "kept": len(kept)}
        for name, chosen in (("labelled", known), ("held_out", held_out)):
            row[name] = len(chosen)
            row[f"{name}_right"] = sum(truth.label(each.source) == each.label for each in chosen)
        rows.append(row)
    return rows


def _print_table(rows: list[dict[str, Any]], agree: int, runs: int) -> None:
    from rich.table import Table

    is_labelled = any(row["labelled"] for row in rows)
    table = Table(title=f"recordings on whose label {agree} of {runs} runs agree", title_justify="left")
    for column in ("mean score", "kept", *(("right", "right, of those held out") if is_labelled else ())):
        table.add_column(column, justify="right")
    for row in rows:
        right = (
            _share(row["labelled_right"], row["labelled"]),
            _share(row["held_out_right"], row["held_out"]),
        )
        table.add_row(f"≥ {row['threshold']:g}", f"{row['kept']:,}", *(right if is_labelled else ()))
    show(table)
    if is_labelled:
        log(
            "right: by the folders that the recordings are in; held out: of validation and testing, by the "
            "corpus's lists or the hash rule, so likely not trained on"
        )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % of {whole:,}" if whole else "–"


def _report(kept: list[Opinion], faults: dict[str, str], recordings: int, committee: Committee) -> None:
    if faults:
        warn(f"{len(faults):,} files could not be scored; all are listed in {MANIFEST}")
        for source, reason in list(faults.items())[:_SHOWN_FAULTS]:
            warn(f"  {printable(source)}: {reason}")
    unnamed = sum(not has_speaker(each.source) for each in kept)
    if unnamed:
        warn(
            f"the names of {unnamed:,} recordings do not say who speaks (<speaker>_nohash_<n>.wav): each "
            "counts as a speaker of its own, so training can tell the same recording from those it is tested "
            "on, but not the same voice"
        )
    if missing := missing_words(kept, committee.labels):
        warn(f"nothing was found of {', '.join(missing)}: training on such words will want some of it")
    counts = Counter(each.label for each in kept)
    said = ", ".join(f"{label} {counts[label]:,}" for label in committee.labels)
    log(f"{len(kept):,} of {recordings:,} recordings: {said}")
