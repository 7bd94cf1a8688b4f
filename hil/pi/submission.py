"""``earshot pi --submission``: a folder of WAV files scored by the graph, as the challenge wants it."""

import argparse
import contextlib
import hashlib
import json
import os
import selectors
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from hil.link.patience import Deadline
from hil.pi import benchmark
from hil.pi.bundle import LONGEST_S, Ended, TimerError, breakdown, bundle, end, start
from hil.pi.remote.ends import INPUT_SHAPE, RATE_HZ, ends_of
from hil.pi.rules import label_of
from hil.pi.ssh import Host, failure, is_ssh_failure, remote_folder, run_command
from train.challenge import submission
from train.challenge.submission import Row, Rows
from train.core import runfolder
from train.core.console import log, progress, say
from train.core.errors import Interrupted, UserError
from train.core.files.plain import read_plain
from train.core.results.pi import PiSubmission
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL

_PROGRAM = "earshot_submission.pyz"
_MOST_LABELS_BYTES = 1_000_000  # of labels.txt
_RECORD = "submission.json"
_LONGEST_LINE_BYTES, _KEPT_BYTES = 1_000_000, 100_000  # of an answer; of what else is said
_LAST_S = 5.0  # for a program that has closed its output
_BEGIN = {"scores", "engine", "folder", "names_sha256", "files", "machine"}  # what it says first
_CLIP_MS = 1000 * INPUT_SHAPE[0] // RATE_HZ


def run_submission(flags: argparse.Namespace, host: Host | None) -> None:
    """Score the folder, write the CSV, its faults and ``pi/submission.json``, print what became of it.

    Raises:
        UserError: a mistake in the flags, the graph or the folder.
        SshError, RemoteError, TimerError: as the timer's.
        Interrupted: Ctrl-C; the same command goes on.
    """
    out: Path = flags.out
    submission.CSV.check(out, flags.overwrite)
    graph = benchmark.find_graph(flags.graph)
    content, nodes = benchmark.read_graph(graph)
    benchmark.check_takes_audio(graph, nodes, "score the folder with earshot submit RUN, which has features")
    labels = read_labels(flags.graph, graph)
    settings = {"graph_sha256": hashlib.sha256(content).hexdigest(), "labels": labels, "tta": flags.tta}
    rows = Rows(out)
    rows.check(**settings)
    arguments = ["--engine", flags.engine, "--watch-stdin", "--skip", str(rows.count)]
    arguments += [*(["--tta"] if flags.tta else []), *ends_of(flags).arguments]
    python = flags.python or ("python3" if host else sys.executable)
    # "--": the name of a folder may begin with a dash.
    folder = ["--", flags.submission if host else str(Path(flags.submission).absolute())]
    try:
        with _placed(host, python, graph, content, [*arguments, *folder]) as command:
            record = _score(command, host, graph, flags.submission, rows, settings)
    except KeyboardInterrupt as error:
        raise Interrupted(f"stopped; {rows.kept()}") from error
    _conclude(graph, rows, record)


def read_labels(asked: Path, graph: Path) -> list[str]:
    """The names of the graph's scores as the challenge has them, from the ``labels.txt`` beside it.

    Args:
        asked: what the user named: the run folder or the graph.
    Raises:
        UserError: it is missing, or not what it should be.
    """
    path = graph.parent / runfolder.LABELS
    if asked.is_dir():
        runfolder.read_spec(asked, needs=[runfolder.LABELS])
    if not path.is_file():
        raise UserError(
            f"{path}: there is no such file; write one: the label of each score, a line each, in the order "
            f"of the scores, such as {SILENCE_LABEL}, {UNKNOWN_LABEL}, yes"
        )
    try:
        lines = read_plain(path, _MOST_LABELS_BYTES).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text ({error}); save it as UTF-8") from error
    labels = submission.challenge_names(line.strip() for line in lines)
    if not labels or "" in labels or len(set(labels)) < len(labels):
        found = ", ".join(lines) or "no line"
        raise UserError(f"{path}: has {found}; expected labels, a line each, and none twice")
    return labels


@contextlib.contextmanager
def _placed(
    host: Host | None, python: str, graph: Path, content: bytes, arguments: list[str]
) -> Iterator[list[str]]:
    """What runs the program, here or there, while the block lasts."""
    program = bundle("submission")
    if host is not None:
        with remote_folder(host, {_PROGRAM: program, runfolder.GRAPHDEF: content}, python) as there:
            yield run_command(host, there, [python, _PROGRAM, runfolder.GRAPHDEF, *arguments])
        return
    with tempfile.TemporaryDirectory() as here:
        path = Path(here) / _PROGRAM
        path.write_bytes(program)
        yield [python, str(path), str(graph.absolute()), *arguments]


def _score(
    command: list[str],
    host: Host | None,
    graph: Path,
    asked_folder: str,
    rows: Rows,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Have every file scored that is not in the rows yet; what did it, and how fast."""
    where = f"{host.login}:{asked_folder}" if host else asked_folder
    with _Program(command) as program:
        begin = program.read()
        if begin is None:
            raise _failure(program.end(), host, graph, rows)
        if "refused" in begin:
            raise UserError(f"{where}: {begin['refused']}; expected a folder that the clips are in")
        if lacking := ", ".join(sorted(_BEGIN - begin.keys())):
            raise TimerError(f"{where}: the first answer lacks {lacking}; does another program answer there?")
        labels = settings["labels"]
        if begin["scores"] != len(labels):
            raise UserError(
                f"{graph.parent / runfolder.LABELS}: has {len(labels)} labels, but {graph} gives "
                f"{begin['scores']} scores; expected a label for each score"
            )
        settings = {
            **settings,
            "engine": begin["engine"],
            "folder": _name(begin["folder"]),
            "names_sha256": begin["names_sha256"],
        }
        submission.warn_of_foreign(labels)
        before, start_s = rows.count, time.monotonic()
        left = begin["files"] - before
        if before:
            log(f"going on behind row {before:,} of {begin['files']:,}")
        with rows.append(settings), progress("scoring", left) as advance:
            for answer in iter(program.read, None):
                rows.add(_row(answer, labels))
                if rows.count > begin["files"]:
                    raise TimerError(f"{where}: more answers came than there are files, {begin['files']:,}")
                rate = (rows.count - before) / (time.monotonic() - start_s)
                advance(1, f"{rate:.0f} clips/s")
        ended = program.end()
        if ended.code or rows.count != begin["files"]:
            raise _failure(ended, host, graph, rows)
    seconds = time.monotonic() - start_s
    return {
        "label": label_of(begin["machine"]["model"]),
        "clips_per_s": left / seconds if left else None,
        "scored": left,  # the others were scored earlier
        "settings": settings,
        "machine": begin["machine"],
    }


def _row(answer: dict[str, Any], labels: list[str]) -> Row:
    try:
        name = _name(answer["name"])
        if "best" in answer:
            return Row(name, labels[answer["best"]], is_cut=answer["is_cut"])
        return Row.of_fault(name, answer["fault"], answer["is_empty"])
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise TimerError(f"an answer that cannot be: {answer}") from error


def _name(text: str) -> str:
    """A name whose bytes came as characters."""
    return os.fsdecode(text.encode("latin-1"))


def _failure(ended: Ended, host: Host | None, graph: Path, rows: Rows) -> UserError:
    """The error of a program that ended before its time."""
    if host is not None and is_ssh_failure(ended.code):
        error = failure(host, ended.code, ended.last_words)
    else:
        error = breakdown(ended, graph, "scoring")
    return type(error)(f"{error}; {rows.kept()}") if rows.count else error


class _Program:
    """A program whose output is lines of JSON; it ends with the block."""

    def __init__(self, command: list[str], longest_s: float = LONGEST_S) -> None:
        """``longest_s``: that an answer may take."""
        self._process = start(command)
        self._longest_s = longest_s
        self._buffer, self._log = bytearray(), bytearray()
        self._listener = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "_Program":
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        end(self._process)

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(OSError, ValueError):  # it is closed when the program ends
            while data := os.read(self._process.stderr.fileno(), 65_536):
                self._keep(data)

    def _keep(self, said: bytes) -> None:
        self._log += said
        del self._log[:-_KEPT_BYTES]

    def read(self) -> dict[str, Any] | None:
        """What it says next; None when it has ended.

        Raises:
            TimerError: it says nothing that can be read for long, or a line without end.
        """
        deadline = Deadline(self._longest_s)
        while (line := self._line(deadline)) is not None:
            if line.startswith(b"{") and line.endswith(b"}\n"):
                with contextlib.suppress(ValueError, RecursionError):
                    content: dict[str, Any] = json.loads(line)
                    return content
            self._keep(line)  # of a login shell that greets; of a program that was cut short
        return None

    def _line(self, deadline: Deadline) -> bytes | None:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as pipe:
            pipe.register(self._process.stdout, selectors.EVENT_READ)
            while not (length := self._buffer.find(b"\n") + 1):
                if len(self._buffer) > _LONGEST_LINE_BYTES:
                    raise TimerError(f"scoring writes a line without end: {len(self._buffer):,} bytes")
                if not pipe.select(deadline.left_s) or deadline.is_over:
                    raise TimerError(f"scoring gave no answer for {deadline.limit_s:g} s")
                data = os.read(self._process.stdout.fileno(), 65_536)
                if not data:
                    self._keep(bytes(self._buffer))
                    return None
                self._buffer += data
        line = bytes(self._buffer[:length])
        del self._buffer[:length]
        return line

    def end(self) -> Ended:
        """How it ended, once its output did."""
        with contextlib.suppress(TimeoutExpired):
            self._process.wait(_LAST_S)
        end(self._process)
        self._listener.join(_LAST_S)
        return Ended(self._process.returncode, "", self._log.decode(errors="replace"))


def _conclude(graph: Path, rows: Rows, record: dict[str, Any]) -> None:
    """Write the files, print what is in them."""
    tally = submission.conclude(rows, _CLIP_MS)
    path = graph.parent / runfolder.PI / _RECORD
    found = {
        "rows": tally.labels.total(),
        "counts": dict(sorted(tally.labels.items())),
        "faults": len(tally.faults),
        "cut": tally.cut,
    }
    made = PiSubmission.of({**record, **found, "csv": str(rows.path)}, str(path))
    made.write(path)
    if made.clips_per_s is not None:
        say(
            f"speed    {made.clips_per_s:.1f} clips/s over {made.scored:,} "
            f"({made.label}), {made.settings.engine}"
        )
    say(f"written  {rows.path}, {path}")
