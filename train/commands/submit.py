"""``earshot submit``: a folder of WAV files scored by trained runs, as the challenge's CSV."""

import argparse
import os
import time
from pathlib import Path
from typing import Any

from train.challenge import submission as form
from train.challenge.answer_key import check_key, read_key, score_submission
from train.challenge.ensemble import read_ensemble
from train.challenge.scorers import Committee, Fault, Scorer, convene
from train.challenge.submission_rules import digest_of, list_clips
from train.commands import flags as cli
from train.commands.evaluation_flags import add_as_words_flag
from train.core import runfolder
from train.core.console import log, progress, say
from train.core.errors import Interrupted, UserError
from train.core.native import import_tensorflow
from train.core.outputs import Output, has_key
from train.core.pretrained.models import run_of
from train.core.typed_json import encode

_RECORD = ".json"  # after the name of the CSV: what it was made by, and its score
_CSV_SHA256 = "csv_sha256"  # in the record: what shows that it is one, and that the CSV is whole
_RECORDS = Output(
    "is there already",
    "exists and is no record of a submission",
    has_key(_CSV_SHA256),
    example="submission.csv.json",
    overwrite=None,
)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of ``earshot submit``."""
    parser.description = (
        "Score every .wav file of a folder by model.keras of a run, or by the average of "
        "several, and write fname,label rows. Rows are kept as they come: after Ctrl-C the same command goes "
        "on. What earshot pi --submission does with model.pb, on any computer."
    )
    parser.add_argument("runs", metavar="RUN", nargs="*", type=run_of, help="run folders, of the same weight")
    parser.add_argument("--ensemble", type=Path, metavar="FILE", help="in place of runs: what ensemble wrote")
    parser.add_argument("--test", type=Path, required=True, metavar="FOLDER", help="of .wav files")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="a row for each file")
    parser.add_argument("--overwrite", action="store_true", help="replace a finished CSV")
    parser.add_argument(
        "--tta",
        action="store_true",
        help="test-time augmentation: mean over the clip, shifted, and amplified",
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE.csv",
        help="true labels, fname,label, to score by; a CSV that this command finished is not made again",
    )
    add_as_words_flag(parser)


def run(flags: argparse.Namespace) -> None:
    """Write the CSV, its faults and its record; say what became of it."""
    committee = _committee(flags)
    labels = form.challenge_names(committee.labels)
    names = _list(flags.test)
    key = None
    if flags.key is not None:
        key = read_key(flags.key)
        check_key(flags.key, key, names, labels)
    settings = {
        **committee.settings(),
        "tta": flags.tta,
        "folder": str(flags.test.resolve()),
        "names_sha256": digest_of([os.fsencode(name) for name in names]),
    }
    path = flags.out.with_name(flags.out.name + _RECORD)
    record = _finished(flags.out, path, settings, flags.overwrite)
    if record is None:
        record = _score(committee, flags, names, labels, settings)
        runfolder.write_json(path, record)
    else:
        log(f"{flags.out}: is finished, by the same runs of the same files; nothing to score")
    if key is not None:
        result = score_submission(flags.out, key, labels)
        runfolder.write_json(path, {**record, "key": str(flags.key), "score": encode(result)})

        from train.evaluation.tables import print_results

        print_results({flags.out.name: result}, tuple(labels))
    say(f"written  {flags.out}, {path}")


def _committee(flags: argparse.Namespace) -> Committee:
    if bool(flags.runs) == (flags.ensemble is not None):
        raise UserError("name what is to score: either RUN, once or more, or --ensemble FILE")
    words = cli.words_of(flags.as_words) if flags.as_words else None
    if flags.ensemble is not None:
        return read_ensemble(flags.ensemble, words)
    return convene(flags.runs, words)


def _list(folder: Path) -> list[str]:
    """Names of the files, in their order."""
    try:
        names = list_clips(os.fsencode(folder))
    except OSError as error:
        raise UserError(
            f"--test {folder}: cannot be read ({error.strerror}); expected a folder that the clips are in"
        ) from error
    if not names:
        raise UserError(
            f"--test {folder}: there is no .wav file in it; expected the folder that the clips are in "
            "(folders in it are not searched)"
        )
    return [os.fsdecode(name) for name in names]


def _finished(out: Path, path: Path, settings: dict[str, Any], overwrite: bool) -> dict[str, Any] | None:
    """The record of the CSV that is there if it is what this command would write; None for none.

    Raises:
        UserError: something else is there, and may not be replaced.
    """
    _RECORDS.check(path)
    if out.is_file() and path.is_file() and not overwrite:
        record: dict[str, Any] = runfolder.read_json(path)
        is_same = record["settings"] == settings
        if is_same and runfolder.sha256_file(out) == record[_CSV_SHA256]:
            return record
    form.CSV.check(out, overwrite)
    return None


def _score(
    committee: Committee,
    flags: argparse.Namespace,
    names: list[str],
    labels: list[str],
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Score the files that are not in the rows yet, and write the CSV; its record."""
    rows = form.Rows(flags.out)
    rows.check(**settings)
    form.warn_of_foreign(labels)
    before = rows.count
    if before:
        log(f"going on behind row {before:,} of {len(names):,}")
    try:
        import_tensorflow()
        scorer = Scorer(committee)
        started = time.monotonic()
        with rows.append(settings), progress("scoring", len(names) - before) as advance:
            verdicts = scorer.judge(flags.test, names, flags.tta, before)
            for name, verdict in zip(names[before:], verdicts, strict=True):
                if isinstance(verdict, Fault):
                    rows.add(form.Row.of_fault(name, verdict.reason, verdict.is_empty))
                else:
                    label = labels[int(committee.mean(verdict.scores).argmax())]
                    rows.add(form.Row(name, label, is_cut=verdict.is_cut))
                rate = (rows.count - before) / (time.monotonic() - started)
                advance(1, f"{rate:.0f} clips/s")
    except KeyboardInterrupt as error:
        raise Interrupted(f"stopped; {rows.kept()}") from error
    seconds = time.monotonic() - started
    tally = form.conclude(rows, committee.specs[0].front_end.clip_duration_ms)
    scored = len(names) - before
    if scored:
        say(
            f"speed    {scored / seconds:.0f} clips/s over {scored:,} (host), by "
            f"{' and '.join(run.name for run in committee.runs)}"
        )
    return {
        _CSV_SHA256: runfolder.sha256_file(flags.out),
        "rows": tally.labels.total(),
        "counts": dict(sorted(tally.labels.items())),
        "faults": len(tally.faults),
        "cut": tally.cut,
        "runs": [str(run) for run in committee.runs],
        "settings": settings,
    }
