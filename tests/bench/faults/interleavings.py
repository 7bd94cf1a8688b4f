"""Commands on one run folder, two or three at once, some of them killed: nothing may be of two runs.

A run folder begins as a finished one. Then two or three commands work on it, begun at random moments,
and a signal may hit any of them, with all that it has started. Two trainings that were left alone say what
the files of a folder must be, as the same seed gives the same bytes. Afterwards

- no command has left a traceback, and one that was not killed ended with 0 or with a sentence and 2;
- what ended with 0 is of one of the two trainings: the export, the scores of ``listen``, the firmware;
- the files of the folder are those of one training, or ``belonging.stale`` tells what to run;
- after these commands they are, and ``train --resume`` finds nothing left to do.

    python tests/bench/faults/interleavings.py --count 50 --seed 1
"""

import argparse
import hashlib
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [
        str(Path(__file__).parents[3]),
        str(Path(__file__).parents[1]),
        str(Path(__file__).parents[2]),
    ]

from faults.forked import Forked, prepare, start
from faults.tones import write_tones

from train.core import runfolder
from train.core.errors import UserError
from train.core.results.belonging import stale
from train.settings.job import read_job

COUNT = 50
SEEDS = (1, 2)
_WAYS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_KILLED_SHARE = 0.5  # of commands
_LATEST_START_S, _LATEST_KILL_S = 3.0, 8.0  # of CPU time
_MOST_REPAIRS = 8
_QUICK = ("quantize", "codegen", "use", "report", "export", "listen")
_ADVICE = re.compile(r"earshot (?:train --resume|quantize|codegen|tune|report) \S+")
_SAME = ("labels.txt", "model.pb", "model.tflite", "calibration.npy")
_OF_POINT = ("kws_settings.c", "manifest.json")  # of c/, what hangs on the operating point, too
_TRACE = "Traceback (most recent call last)"

Files = dict[str, str]  # SHA-256 by name


@dataclass
class Truth:
    """What a training that was left alone has made."""

    files: Files
    sources: Files
    curves: Any
    exported: Files
    heard: list[str]
    constants: str


@dataclass
class Outcome:
    """What one interleaving came to; no ``faults``: all is well."""

    story: list[str]
    kills: int
    unfinished: bool
    repairs: int
    codes: list[int]
    faults: list[str] = field(default_factory=list)


class Bench:
    """A small corpus, two trainings of it, and what happens to copies of the first."""

    def __init__(self, work: Path, finished: Path | None = None) -> None:
        """With a ``finished`` run nothing is trained and built: the quick half of it."""
        self.work, self.run, self.is_quick = work, work / "run", finished is not None
        self._logs = 0
        os.environ["EARSHOT_CACHE"] = str(work / "cache")
        os.environ["COLUMNS"] = "200"
        self.corpus = work / "tones"
        if finished is None and not self.corpus.is_dir():
            write_tones(self.corpus)
        trained = {seed: work / f"trained_{seed}" for seed in SEEDS}
        if finished is not None:
            trained = {read_job(finished).seed: finished}
        for seed, folder in trained.items() if finished is None else ():
            if stale(folder):  # else it was kept
                self.need(self.training(folder, seed))
            self.need(("build", "--board", "host", folder))
        self.base = next(iter(trained.values()))
        self.sound = next((self.base / runfolder.CLIPS).glob("yes*.wav"))
        self.truth = {seed: self._truth(folder) for seed, folder in trained.items()}

    def training(self, folder: Path, seed: int) -> tuple[object, ...]:
        return (
            "train", "--words", "yes,no", "--data", self.corpus, "--training-steps", "6,2",
            "--eval-step-interval", "4", "--bank-clips", "60", "--false-accepts-per-hour", "60",
            "--seed", seed, "--out", folder, "--overwrite",
        )  # fmt: skip

    def commands(self, generator: random.Random) -> dict[str, tuple[object, ...]]:
        run, out = self.run, self.work / f"export_{self._logs}"
        point = generator.choice(("tuned", "original"))
        every: dict[str, tuple[object, ...]] = {
            "train": self.training(run, generator.choice(SEEDS)),
            "resume": ("train", "--resume", run),
            "quantize": ("quantize", run),
            "codegen": ("codegen", run),
            "build": ("build", "--board", "host", run),
            "tune": ("tune", run, "--false-accepts-per-hour", "60"),
            "use": ("tune", run, "--use", point),
            "report": ("report", run),
            "export": ("export", run, "--to", "c", "--out", out),
            "listen": ("listen", run, "--wav", self.sound, "--json", "--scores"),
        }
        return {name: every[name] for name in (_QUICK if self.is_quick else every)}

    def start(self, arguments: Sequence[object]) -> Forked:
        self._logs += 1
        return start(arguments, self.work / f"said_{self._logs:04}.txt")

    def need(self, arguments: Sequence[object]) -> Forked:
        command = self.start(arguments)
        if command.wait():
            raise RuntimeError(f"earshot {shlex.join(command.arguments)}: {command.said()}")
        return command

    def interleave(self, seed: int) -> Outcome:
        """One folder, and what two or three commands make of it."""
        generator = random.Random(seed)
        shutil.rmtree(self.run, ignore_errors=True)
        shutil.copytree(self.base, self.run, ignore=shutil.ignore_patterns("logs", "plots"))
        chosen: list[tuple[float, str, tuple[object, ...]]] = []
        for _ in range(generator.choice((2, 3, 3))):
            name, arguments = generator.choice(list(self.commands(generator).items()))
            self._logs += 1
            chosen.append((generator.uniform(0, _LATEST_START_S), name, arguments))
        chosen.sort(key=lambda each: each[0])
        story, running, deadlines = [], [], []
        began = time.monotonic()
        for at_s, name, arguments in chosen:
            while sum(each.worked_s() for _, each in running) < at_s and not _all_ended(running):
                self._kill_due(deadlines)
                time.sleep(0.005)
            command = self.start(arguments)
            running.append((name, command))
            said = f"{name} at {at_s:.2f} s"
            if generator.random() < _KILLED_SHARE:
                way, after_s = generator.choice(_WAYS), generator.uniform(0, _LATEST_KILL_S)
                deadlines.append((after_s, way, command))
                said += f", {way.name} after {after_s:.2f} s"
            story.append(said)
        while not _all_ended(running):
            self._kill_due(deadlines)
            time.sleep(0.005)
            if time.monotonic() - began > 900:
                raise TimeoutError("; ".join(story))
        commands = [command for _, command in running]
        outcome = Outcome(
            story, sum(command.is_killed for command in commands), False, 0, [c.code or 0 for c in commands]
        )
        for name, command in running:
            outcome.faults += self._faults_of(name, command)
        self._judge(outcome)
        return outcome

    @staticmethod
    def _kill_due(deadlines: list[tuple[float, signal.Signals, Forked]]) -> None:
        for due in [due for due in deadlines if due[2].worked_s() >= due[0]]:
            deadlines.remove(due)
            due[2].kill(due[1])

    def _faults_of(self, name: str, command: Forked) -> list[str]:
        """What is wrong with a command that has ended."""
        said = command.said()
        if _TRACE in said:
            return [f"{name}: a traceback: {said[-2000:]}"]
        if not command.is_killed and command.code not in (0, 2):
            return [f"{name}: ended with {command.code}: {said[-500:]}"]
        if command.code == 2 and "error: " not in said:
            return [f"{name}: ended with 2 and said no error: {said[-500:]}"]
        if command.code == 0 and name == "export":
            out = Path(command.arguments[command.arguments.index("--out") + 1])
            exported = exported_files(out)
            if exported not in [truth.exported for truth in self.truth.values()]:
                return [f"export: is of no training: {sorted(exported)}"]
        if (
            command.code == 0
            and name == "listen"
            and heard(said) not in [t.heard for t in self.truth.values()]
        ):
            return ["listen: its scores are those of no training"]
        return []

    def _judge(self, outcome: Outcome) -> None:
        """Look at the folder, put right what it says, and look again."""
        complaints = stale(self.run)
        outcome.unfinished = bool(complaints)
        if not complaints:
            outcome.faults += self.disagreements(self.run)
        while complaints and outcome.repairs < _MOST_REPAIRS:
            found = _ADVICE.search(complaints[0])
            command = self.start(shlex.split(found[0])[1:] if found else self.training(self.run, SEEDS[0]))
            if command.wait():
                break
            outcome.repairs += 1
            complaints = stale(self.run)
        if complaints:
            outcome.faults.append(
                f"after {outcome.repairs} repairs: {complaints[0]}; {command.said()[-500:]}"
            )
            return
        outcome.faults += [f"when repaired: {fault}" for fault in self.disagreements(self.run)]
        last = () if self.is_quick else (("build", "--board", "host", self.run),)
        for again in (("train", "--resume", self.run), *last):
            command = self.start(again)
            if command.wait() or _TRACE in command.said():
                outcome.faults.append(f"then {shlex.join(command.arguments)}: {command.said()[-500:]}")
        outcome.faults += [f"at the end: {fault}" for fault in self.disagreements(self.run)]
        if (built := constants(self.run)) not in [truth.constants for truth in self.truth.values()]:
            outcome.faults.append(f"firmware: is of no training: {built}")

    def disagreements(self, run: Path) -> list[str]:
        """Files that are not those of the training that job.json names."""
        try:
            truth = self.truth[read_job(run).seed]
        except (UserError, KeyError) as error:
            return [f"job.json: {error}"]
        said = [f"{name} is not that of the job" for name in _SAME if digest(run / name) != truth.files[name]]
        if sources_of(run) != truth.sources:
            said.append("c/ is not that of the job")
        if curves_of(run) != truth.curves:
            said.append("history.json is not that of the job")
        return said

    def _truth(self, folder: Path) -> Truth:
        out = self.work / f"exported_{folder.name}"
        self.need(("export", folder, "--to", "c", "--out", out))
        listening = self.need(("listen", folder, "--wav", self.sound, "--json", "--scores"))
        return Truth(
            {name: digest(folder / name) for name in _SAME},
            sources_of(folder),
            curves_of(folder),
            exported_files(out),
            heard(listening.said()),
            constants(folder),
        )


def _all_ended(running: list[tuple[str, Forked]]) -> bool:
    return all(command.has_ended() for _, command in running)


def digest(path: Path) -> str:
    return runfolder.sha256_file(path) if path.is_file() else "missing"


def sources_of(run: Path) -> Files:
    return {p.name: digest(p) for p in sorted((run / "c").glob("[!.]*")) if p.name not in _OF_POINT}


def curves_of(run: Path) -> Any:
    content = json.loads((run / runfolder.HISTORY).read_text(encoding="utf-8"))
    return [content["training"], content["validation"]]


def exported_files(out: Path) -> Files:
    """But for the thresholds, which ``tune`` changes: what the model and the front end are made of."""
    return {path.name: digest(path) for path in sorted(out.glob("*_[fkm]*.c"))}


def heard(said: str) -> list[str]:
    """The scores of each inference."""
    lines = [json.loads(line) for line in said.splitlines() if line.startswith('{"type": "scores"')]
    return [json.dumps(line["scores"]) for line in lines]


def constants(run: Path) -> str:
    """SHA-256 of the weights in the firmware of this computer: the symbols op_N_weights and the like."""
    program = run / runfolder.FIRMWARE / "host" / "earshot"
    if not program.is_file():
        return "missing"
    sections = _tool("objdump", "--section-headers", "--section=.rodata", program)
    _, _, _, address, _, offset = next(
        line.split()[:6] for line in sections.splitlines() if ".rodata" in line
    )
    content, moved = program.read_bytes(), int(offset, 16) - int(address, 16)
    digest = hashlib.sha256()
    for line in sorted(_tool("nm", "--print-size", program).splitlines(), key=lambda each: each.split()[-1]):
        if len(fields := line.split()) == 4 and fields[2] in "rR" and fields[3].startswith("op_"):
            start = int(fields[0], 16) + moved
            digest.update(fields[3].encode() + content[start : start + int(fields[1], 16)])
    return digest.hexdigest()


def _tool(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def measure(count: int = COUNT, seed: int = 1) -> dict[str, Any]:
    """The figures, from a process of its own: one that has computed cannot be forked."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "interleavings.json"
        command = [sys.executable, __file__, "--count", str(count), "--seed", str(seed), "--json", str(file)]
        subprocess.run(command, check=True)
        figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return figures


def main() -> None:
    """Interleave, say what happened to standard error, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=COUNT, help="interleavings (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go")
    parser.add_argument("--run", type=Path, metavar="RUN", help="of a seed; nothing is trained then")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="kept, to look at what went wrong")
    flags = parser.parse_args()
    prepare()
    with tempfile.TemporaryDirectory() as temporary:
        work = flags.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        figures = figures_of(
            Bench(work.resolve(), flags.run and flags.run.resolve()),
            range(flags.seed, flags.seed + flags.count),
        )
    if flags.json:
        runfolder.write_json(flags.json, figures)
    sys.exit(bool(figures["disagreeing_folders"]))


def figures_of(bench: Bench, seeds: range) -> dict[str, Any]:
    began = time.monotonic()
    outcomes = []
    for seed in seeds:
        outcome = bench.interleave(seed)
        outcomes.append(outcome)
        ends = ", ".join(map(str, outcome.codes))
        tell(f"{seed}: {'; '.join(outcome.story)}: {ends}; {outcome.repairs} repairs")
        for fault in outcome.faults:
            tell(f"{seed}: WRONG: {fault}")
            for part in sorted(bench.work.glob("said_*.txt"))[-8:]:
                tell(f"    {part.name}: {part.read_text(errors='replace')[-300:]}")
    codes = [code for outcome in outcomes for code in outcome.codes]
    return {
        "label": "host",
        "interleavings": len(outcomes),
        "commands": len(codes),
        "kills": sum(outcome.kills for outcome in outcomes),
        "ended_with_0": codes.count(0),
        "refused": codes.count(2),
        "unfinished_and_repaired": sum(outcome.unfinished for outcome in outcomes),
        "disagreeing_folders": sum(bool(outcome.faults) for outcome in outcomes),
        "first_seed": seeds.start,
        "duration_s": round(time.monotonic() - began, 1),
    }


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
