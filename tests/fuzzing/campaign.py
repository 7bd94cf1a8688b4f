"""Random cases in processes that may end: what became of each, and what they cost.

A worker is a fork of the process of the test, so that all is imported, and runs cases one after the other
until all are done or it ends over one. It can neither take the test along nor use all the memory or time.
"""

import collections
import contextlib
import dataclasses
import faulthandler
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from train.core.errors import UserError

from .figures import record
from .sandbox import Sandbox

CPU_LIMIT_S = 20
WALL_LIMIT_S = 180  # of a case, with the compilers and interpreters that it starts, on a busy computer
MEMORY_LIMIT_BYTES = 3 << 30  # beyond what the test's own process has
_TELL_S = 15.0
_SHOWN_BYTES = 3000
REFUSED, ACCEPTED, EQUAL = "refused", "accepted", "equal"
_CRASHED, _HUNG = "crashed", "hung"

Case = Callable[[int, Path], tuple[str, str]]


@dataclasses.dataclass
class Campaign:
    """What became of the cases of a kind."""

    kind: str
    outcomes: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    failures: dict[int, str] = dataclasses.field(default_factory=dict)
    notes: dict[int, str] = dataclasses.field(default_factory=dict)
    cpu_s: float = 0.0
    slowest: tuple[float, int] = (0.0, -1)
    peak_rss_bytes: int = 0

    def figures(self, seconds: float) -> dict[str, object]:
        return {
            "inputs": sum(self.outcomes.values()),
            "refused": self.outcomes[REFUSED],
            "accepted": self.outcomes[ACCEPTED] + self.outcomes[EQUAL],
            "equal": self.outcomes[EQUAL],
            "crashes": self.outcomes[_CRASHED],
            "hangs": self.outcomes[_HUNG],
            "seconds": round(seconds, 1),
            "slowest_cpu_s": round(self.slowest[0], 2),
            "slowest_seed": self.slowest[1],
            "peak_rss_mb": self.peak_rss_bytes >> 20,
        }

    def check(self, **least: float) -> None:
        """Fail with what failed, and how to try it again.

        Args:
            least: shares of outcomes, of all cases, that are too few for the cases to be worth much.
        """
        shown = [f"seed {seed}: {why}" for seed, why in list(self.failures.items())[:5]]
        again = f"make fuzz KIND={self.kind} SEED={next(iter(self.failures), 0)}"
        assert not self.failures, "\n".join(
            [f"{len(self.failures)} of {sum(self.outcomes.values())} failed; again: {again}", *shown]
        )
        total = sum(self.outcomes.values())
        if total > 1:  # one is what somebody looks at again
            few = {
                outcome: share for outcome, share in least.items() if self.outcomes[outcome] <= share * total
            }
            assert not few, (few, self.outcomes)


def seeds(count: int) -> list[int]:
    """Those of this run: all, or the one that EARSHOT_FUZZ_SEED names."""
    one = os.environ.get("EARSHOT_FUZZ_SEED")
    return [int(one)] if one else list(range(count))


def run_cases(
    kind: str, case: Case, count: int, folder: Path, tell: Callable[[str], None], known: tuple[int, ...] = ()
) -> Campaign:
    """Try cases; none may crash, hang, end in a traceback or write outside its folder.

    Args:
        case: takes a seed and an empty folder; gives REFUSED, ACCEPTED or EQUAL, and a line. A UserError is a
            refusal as well, any other exception a failure.
        folder: of the campaign; that of a case is removed, unless it failed.
        tell: shows a line to whoever waits.
        known: more seeds, of cases that once failed.
    """
    campaign, begun_s, told_s = Campaign(kind), time.monotonic(), time.monotonic()
    wanted = [*seeds(count), *(seed for seed in known if seed >= count and len(seeds(count)) > 1)]
    total = len(wanted)
    while wanted:
        for seed, outcome, note, cpu_s in _work(case, wanted, folder, campaign):
            wanted.remove(seed)
            campaign.outcomes[outcome] += 1
            campaign.cpu_s += cpu_s
            campaign.slowest = max(campaign.slowest, (cpu_s, seed))
            if outcome in (_CRASHED, _HUNG):
                campaign.failures[seed] = f"{outcome}: {note}"
                tell(f"{kind} seed {seed} {outcome}: {note[-_SHOWN_BYTES:]}")
            elif note:
                campaign.notes[seed] = note
            if time.monotonic() - told_s > _TELL_S:
                told_s = time.monotonic()
                tell(f"{kind}: {total - len(wanted)} of {total}, {dict(campaign.outcomes)}")
    figures = campaign.figures(time.monotonic() - begun_s)
    tell(f"{kind}: {figures}")
    record(kind, figures)
    return campaign


def _work(
    case: Case, wanted: list[int], folder: Path, campaign: Campaign
) -> Iterator[tuple[int, str, str, float]]:
    """Seed, outcome, note and CPU seconds of the cases that one worker gets through."""
    output = folder / "output.txt"
    with output.open("w+b") as said:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                _worker(case, wanted, folder, writer, said.fileno())
            except BaseException:
                os.write(said.fileno(), traceback.format_exc().encode())
            os._exit(0)
        os.close(writer)
    begun, lines = None, b""
    is_late = False
    try:
        with os.fdopen(reader, "rb", buffering=0) as stream:
            while True:
                if not select.select([stream], [], [], WALL_LIMIT_S)[0]:
                    is_late = True
                    break
                data = stream.read(1 << 16)
                if not data:
                    break
                *whole, lines = (lines + data).split(b"\n")
                for line in map(json.loads, whole):
                    if "outcome" in line:
                        yield begun, line["outcome"], line["note"], line["cpu_s"]
                        begun = None
                    else:
                        begun = line["seed"]
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        _, status, usage = os.wait4(child, 0)
        campaign.peak_rss_bytes = max(campaign.peak_rss_bytes, usage.ru_maxrss * 1024)
    if begun is not None:
        signal_number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        hung = is_late or signal_number == signal.SIGPROF
        text = _ends_of(output.read_bytes().decode(errors="replace"))
        yield begun, _HUNG if hung else _CRASHED, f"signal {signal_number}; {text}", float(CPU_LIMIT_S) * hung


def _ends_of(text: str) -> str:
    """The beginning, where a traceback of a crash has what crashed, and the end."""
    half = _SHOWN_BYTES // 2
    return text if len(text) <= 2 * half else f"{text[:half]}\n...\n{text[-half:]}"


def _worker(case: Case, wanted: list[int], folder: Path, answers: int, said: int) -> None:
    os.setpgid(0, 0)
    for target, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, said), (2, said)):
        os.dup2(source, target)
    # pytest's captures hold the old ones.
    sys.stdout, sys.stderr = (os.fdopen(os.dup(fd), "w", buffering=1) for fd in (1, 2))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = _address_space_bytes() + MEMORY_LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
    faulthandler.enable(said)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    faulthandler.register(signal.SIGPROF, said, all_threads=False, chain=True)
    sandbox = Sandbox(folder)

    def answer(**line: object) -> None:
        os.write(answers, json.dumps(line).encode() + b"\n")

    for seed in wanted:
        os.ftruncate(said, 0)
        os.lseek(said, 0, os.SEEK_SET)
        answer(seed=seed)
        before_s = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT_S)
        with sandbox.of(seed) as place:
            outcome, note = _outcome(case, seed, place)
            text = os.pread(said, 1 << 20, 0).decode(errors="replace")
            fault = sandbox.fault() or _bad_text(text) or ("\n" in note and "more than one line")
            if fault and outcome != _CRASHED:
                outcome, note = _CRASHED, f"{fault}: {note}\n{text[-_SHOWN_BYTES:]}"
            sandbox.keep = outcome == _CRASHED
        signal.setitimer(signal.ITIMER_PROF, 0)
        answer(outcome=outcome, note=note, cpu_s=round(time.process_time() - before_s, 3))


def _outcome(case: Case, seed: int, place: Path) -> tuple[str, str]:
    try:
        return case(seed, place)
    except UserError as error:
        return REFUSED, str(error)
    except OSError as error:
        if error.filename is None or error.strerror is None:  # see console.run
            return _CRASHED, traceback.format_exc()
        return REFUSED, f"{error.filename!r}: {error.strerror}"
    except BaseException:
        return _CRASHED, traceback.format_exc()


def _bad_text(text: str) -> str:
    """What may not be in what users see. A UserError goes through the console, which escapes it."""
    if "Traceback (most recent call last)" in text:
        return "a traceback"
    bad = [c for c in text if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0]
    return f"a control character {bad[0]!r} is shown" if bad else ""


def _address_space_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
