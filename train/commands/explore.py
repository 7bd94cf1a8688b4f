"""``earshot explore``: a corpus measured, listened to and doubted, as one HTML page."""

import argparse
import importlib.util
import os
import time
from pathlib import Path

from rich.table import Table

from train.commands import flags as cli
from train.commands.corpus_flags import add_corpus_flags, add_sampling_flags, find_corpus
from train.core.console import log, say, show, warn
from train.core.errors import UserError
from train.core.native import import_tensorflow
from train.core.outputs import Output, State, has_mark
from train.core.spec import SILENCE_LABEL, FrontEnd
from train.data.corpus import Corpus, require_words
from train.data.job_corpora import read_corpus_of
from train.explore import baseline_task
from train.settings.job import Job
from train.settings.sampling import Sampling

# Imported when it is their turn: --help and mistakes need not wait for them.
_PACKAGES = {"librosa": "librosa", "sklearn": "scikit-learn", "matplotlib": "matplotlib"}
_BASELINE_PACKAGES = {"tensorflow": "tensorflow"}  # beside those
_DEFAULT_OUT = Path("explore.html")
MARK = "Earshot corpus page"  # near the top of a page that this command wrote


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of ``earshot explore``."""
    parser.description = (
        "Measure every clip of a corpus and write what was found as one HTML page: counts, "
        "speakers, levels, clipping, duplicates, clips to look at and listen to, likely wrong labels."
    )
    add_corpus_flags(parser)
    parser.add_argument(
        "--words",
        metavar="A,B",
        help="words that a job would spot, or challenge (default: all in the corpus)",
    )
    parser.add_argument(
        "--out", type=Path, default=_DEFAULT_OUT, metavar="FILE", help="the page to write (%(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace that file, whatever it is")
    parser.add_argument(
        "--baselines",
        action="store_true",
        help="train five simple models on the clips of a job with these words, to see how hard they are "
        "(a minute or two)",
    )
    add_sampling_flags(parser, Job(()))


def run(flags: argparse.Namespace) -> None:
    """Measure the corpus and write the page; its path goes to stdout."""
    started = time.monotonic()
    job = Job(
        words=cli.words_of(flags.words) if flags.words else (),
        data=flags.data,
        front_end=FrontEnd(name="log_mel"),
        sampling=Sampling(flags.silence_percentage, flags.unknown_percentage),
        validation_percentage=flags.validation_percentage,
        testing_percentage=flags.testing_percentage,
        seed=flags.seed,
    )
    _check_packages(flags.baselines)
    PAGE.check(flags.out, flags.overwrite)
    _check_writable(flags.out)
    source = find_corpus(job)
    corpus = read_corpus_of(job, source)
    if corpus.skipped:
        warn(f"{len(corpus.skipped)} files of {corpus.root} cannot be used; the page lists them")
    require_words(corpus, job.words, splits=())
    planned = baseline_task.plan(corpus, job) if flags.baselines else None

    from train.explore.corpus_stats import survey
    from train.explore.page import Making, write_page

    found = survey(corpus, job, job.words or _words(corpus))
    if found.judged is None:
        warn(
            f"{corpus.root}: there are no two words that several speakers say, so no label can be doubted; "
            "the page has no ranking"
        )
    compared = _compare(planned) if planned else None
    making = Making(flags.command_line, time.monotonic() - started, MARK)
    write_page(flags.out, source, found, making, compared)
    log(f"{len(corpus.clips):,} clips explored in {time.monotonic() - started:.0f} s")
    say(str(flags.out))


def _compare(planned: baseline_task.Plan) -> baseline_task.Comparison:
    """Train the baselines and print their figures."""
    import_tensorflow()  # takes seconds, as do the baselines
    from train.explore.baselines import run_trials

    trials = run_trials(baseline_task.make_task(planned), planned.job.seed)
    compared = baseline_task.comparison(planned, trials)
    _print(compared)
    return compared


def _print(compared: baseline_task.Comparison) -> None:
    from train.report.page import interval, percent  # brings jinja2, which --help has no need of

    table = Table(title="how hard the words are, by test clips (host)", title_justify="left")
    table.add_column("baseline", no_wrap=True)
    for column in ("accuracy", "95 % interval", "right", "parameters", "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    for trial in compared.trials:
        table.add_row(
            trial.name,
            percent(trial.accuracy),
            interval(trial.interval),
            f"{trial.correct} of {trial.clips}",
            f"{trial.parameters:,}",
            f"{trial.duration_s:.1f}",
        )
    show(table)
    note = f"the commonest label would be right on {percent(compared.majority)} of the test clips"
    if compared.left_out:
        note += f"; {compared.left_out} training clips left out: their speakers are in validation or test"
    say(note)


def _words(corpus: Corpus) -> tuple[str, ...]:
    return tuple(word for word in corpus.words if word != SILENCE_LABEL)


def _check_packages(baselines: bool) -> None:
    for what, packages, extra in (
        ("explore", _PACKAGES, "explore"),
        ("--baselines", _BASELINE_PACKAGES if baselines else {}, "train"),
    ):
        missing = [name for module, name in packages.items() if importlib.util.find_spec(module) is None]
        if missing:
            raise UserError(
                f"{what} needs {' and '.join(missing)}, not installed here; "
                f"install with: pip install 'earshot-kws[{extra}]'"
            )


PAGE = Output(
    "holds a page",
    "exists and is not an earlier page of this command",
    has_mark(MARK),
    example=str(_DEFAULT_OUT),
    overwrite=State.FOREIGN,
)


def _check_writable(path: Path) -> None:
    """Refuse a place that cannot be written, before the work."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"--out {path}: {path.parent} cannot be written; choose another file")
