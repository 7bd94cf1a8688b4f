"""Public .tflite models against TFLite-Micro: ``make bench-models MODELS=FOLDER``.

FOLDER holds <owner>+<name>/<path>.tflite, as gather_models.py writes it, or an index.json with a list of
objects: repository, path, commit and file (of the model in FOLDER). Each model is tried in a process of its
own, with a time-out. All goes to out/bench/models.json, the table to docs/MODELS.md.
"""

import argparse
import collections
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import document_table  # beside this file
import numpy as np
from numpy.typing import NDArray

from codegen.engine import GeneratedEngine, build_engine
from codegen.native import NativeEngine
from codegen.passes.ends import int8_core
from codegen.passes.fold import fold_constants
from train.core import console, runfolder
from train.core.errors import UserError
from train.core.installation import FIRMWARE_SOURCES
from train.tflite.graph import read_graph, read_graphs
from train.tflite.scheme import why_not_int8
from train.tflite.tflm import TflmEnd, TflmModel

_OUT = Path("out/bench/models.json")
_DOCUMENT = "MODELS.md"
_EQUAL, _DIFFERENT, _REFUSED, _OUT_OF_SCOPE, _FAILED = OUTCOMES = (
    "equal", "different", "refused", "out of scope", "failed",
)  # fmt: skip
_KEYWORDS = re.compile(
    r"kws|key.?word|wake|speech|yes.?no|voice|hotword|word|command|hey|alexa", re.IGNORECASE
)
_OTHERS = re.compile(r"visual|vww|person|hello_world|test_conv", re.IGNORECASE)
_TARGET = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with the models, outside of the repository")
    parser.add_argument("--inputs", type=int, default=200, metavar="N", help="compared of each model (200)")
    parser.add_argument("--timeout", type=int, default=300, metavar="S", help="for each model (300)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="models at once")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.one:
        print(json.dumps(try_model(flags.folder, flags.inputs)))
        return
    models = find_models(flags.folder)
    started_s = time.monotonic()

    def try_apart(model: Row) -> Row:
        command = [sys.executable, __file__, "--one", str(model["file"]), "--inputs", str(flags.inputs)]
        row = {**model, "file": None, **_in_process(command, flags.timeout)}
        advance()
        return row

    with console.progress("models", len(models)) as advance, ThreadPoolExecutor(flags.jobs) as pool:
        rows = list(pool.map(try_apart, models))
    print(f"{time.monotonic() - started_s:.0f} s")
    for row in rows:
        del row["file"]
    rows.sort(key=lambda row: (row["repository"].lower(), row["path"]))
    runfolder.write_text(_OUT, json.dumps(rows, indent=2) + "\n")
    document_table.write(_DOCUMENT, "tests/bench/models_bench.py", table(rows, flags.inputs))
    print(_OUT)


def find_models(folder: Path) -> list[Row]:
    """Each model once: repository, path, commit, sha256, file.

    Raises:
        UserError: there are none.
    """
    index = folder / "index.json"
    if index.is_file():
        found = [{**entry, "file": folder / entry["file"]} for entry in json.loads(index.read_text())]
    else:
        found = [
            {
                "repository": path.relative_to(folder).parts[0].replace("+", "/", 1),
                "path": str(Path(*path.relative_to(folder).parts[1:])),
                "commit": _commit(folder / path.relative_to(folder).parts[0]),
                "file": path,
            }
            for path in sorted(folder.glob("*/**/*.tflite"))
        ]
    if not found:
        raise UserError(f"{folder}: has no index.json and no <owner>+<name>/<path>.tflite")
    by_hash: dict[str, Row] = {}
    for model in found:
        model["sha256"] = hashlib.sha256(model["file"].read_bytes()).hexdigest()
        by_hash.setdefault(model["sha256"], model)
    return list(by_hash.values())


def _commit(repository: Path) -> str | None:
    """As gather_models.py left it."""
    file = repository / "COMMIT"
    return file.read_text().strip() if file.is_file() else None


def _in_process(command: list[str], timeout_s: int) -> Row:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return {"outcome": _FAILED, "reason": f"not done after {timeout_s} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
        return {"outcome": _FAILED, "reason": f"exit status {done.returncode}: {last}"}
    row: Row = json.loads(done.stdout)
    return row


def try_model(path: Path, count: int) -> Row:
    """One model: outcome, reason, and figures as far as there are any."""
    tflite, where = path.read_bytes(), "model"
    row: Row = {"outcome": _OUT_OF_SCOPE, "reason": "", "bytes": len(tflite), "bits_compared": 0}
    row |= {"arena_bytes": None, "tflm_arena_bytes": None, "flash_bytes": None}
    try:
        graphs = read_graphs(tflite, where)
        row["operators"] = sorted({op.name for graph in graphs for op in graph.ops})
        if len(graphs) == 1 and (reason := why_not_int8(int8_core(fold_constants(graphs[0])))):
            return {**row, "reason": reason}
        oracle = TflmModel(tflite, where)
    except UserError as error:
        return {**row, "reason": str(error).removeprefix(f"{where}: ")}
    row["tflm_arena_bytes"] = oracle.arena_bytes
    try:
        engine = build_engine(read_graph(tflite, where), "// For a measurement.", where)
    except UserError as error:
        return {**row, "outcome": _REFUSED, "reason": str(error).removeprefix(f"{where}: ")}
    row |= {"arena_bytes": engine.arena_bytes, "flash_bytes": flash_bytes(engine)}
    native = NativeEngine(tflite, where)
    different, bits = 0, 0
    rng = np.random.default_rng(1)
    for _ in range(count):  # one after the other: some models take megabytes
        inputs = [_noise(rng, end) for end in oracle.inputs]
        for found, expected in zip(native.run_all(inputs), oracle.run_all(inputs), strict=True):
            different += int((found.ravel() != expected.ravel()).sum())
            bits += 8 * expected.nbytes
    reason = f"{different} values differ" if different else ""
    return {**row, "outcome": _DIFFERENT if different else _EQUAL, "reason": reason, "bits_compared": bits}


def _noise(rng: np.random.Generator, end: TflmEnd) -> NDArray[Any]:
    if end.dtype.kind == "f":
        return rng.normal(0, 1, (1, *end.shape)).astype(end.dtype)
    limits = np.iinfo(end.dtype)
    return rng.integers(limits.min, limits.max, (1, *end.shape), dtype=end.dtype, endpoint=True)


def flash_bytes(engine: GeneratedEngine) -> int | None:
    """Code and constants of the engine on a Cortex-M4; None without its compiler."""
    compiler = shutil.which("arm-none-eabi-gcc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in engine.sources.items():
            (folder / file).write_text(content, encoding="ascii")
        kernels = [FIRMWARE_SOURCES / "kernels" / f"{kernel}.c" for kernel in engine.kernels]
        options = ["-O2", "-ffunction-sections", "-fdata-sections"]
        link = ["-nostartfiles", "--specs=nosys.specs", "-Wl,--gc-sections", "-Wl,-e,kws_model_invoke"]
        ends = [
            f"-Wl,-u,{function}" for function in ("kws_model_input", "kws_model_output", "kws_model_init")
        ]
        command = [compiler, *_TARGET, *options, *link, *ends, f"-I{FIRMWARE_SOURCES}", f"-I{folder}"]
        done = subprocess.run(
            [*command, folder / "engine.c", *kernels, "-o", folder / "program"], capture_output=True
        )
        if done.returncode:
            return None
        size = subprocess.run(
            ["arm-none-eabi-size", folder / "program"], capture_output=True, text=True, check=True
        )
        text, data = (int(number) for number in size.stdout.splitlines()[1].split()[:2])
        return text + data


def table(rows: list[Row], count: int) -> str:
    """Outcomes, reasons, repositories, and every keyword model that is not out of scope."""
    repositories = collections.defaultdict(list)
    reasons = collections.defaultdict(list)
    for row in rows:
        repositories[row["repository"]].append(row)
        if row["reason"]:
            reasons[row["outcome"], kind_of(row["reason"])].append(row)
    sets = [rows, [row for row in rows if is_keyword(row)]]
    sets.append([row for row in sets[1] if not keeps_state(row)])
    within = [sum(row["outcome"] != _OUT_OF_SCOPE for row in some) for some in sets]
    equal = [sum(row["outcome"] == _EQUAL for row in some) for some in sets]
    by_outcome = [[sum(row["outcome"] == outcome for row in some) for some in sets] for outcome in OUTCOMES]
    lines = [
        f"{len(rows)} models of {len(repositories)} repositories, each once, on {count} inputs of noise.",
        f"{within[0]} are int8; {_wrong(rows)} have wrong bits. Of the int8 keyword models, {equal[1]} of",
        f"{within[1]} compile; of those that keep no state, {equal[2]} of {within[2]}.",
        "",
        "A keyword model is one whose repository or path has one of: kws, keyword, wake, speech, yes no,",
        "voice, hotword, word, command, hey, alexa; those with visual, vww, person, hello_world or test_conv",
        "are none. State is in variables (VAR_HANDLE), as streaming models have it.",
        "",
        *_rows("| outcome | models | keyword models | of them without state |"),
        *(_cells(outcome, *counts) for outcome, counts in zip(OUTCOMES, by_outcome, strict=True)),
        "",
        *_rows("| outcome and reason | models | keyword models |"),
    ]
    for (outcome, reason), some in sorted(reasons.items(), key=lambda item: (item[0][0], -len(item[1]))):
        lines.append(_cells(f"{outcome}: {reason}", len(some), sum(map(is_keyword, some))))
    lines += ["", *_rows(f"| repository | models | {' | '.join(OUTCOMES)} |")]
    for repository, some in sorted(repositories.items(), key=lambda item: item[0].lower()):
        counts = collections.Counter(row["outcome"] for row in some)
        lines.append(_cells(repository, len(some), *(counts[outcome] for outcome in OUTCOMES)))
    lines += [
        "",
        "The int8 keyword models:",
        "",
        "| repository | path | outcome | bits compared | arena | flash (M4) |",
        "|---|---|---|---:|---:|---:|",
    ]
    for row in sets[1]:
        if row["outcome"] != _OUT_OF_SCOPE:
            reason = f": {kind_of(row['reason'])}" if row["reason"] else ""
            figures = (row.get(name) for name in ("bits_compared", "arena_bytes", "flash_bytes"))
            cells = ["–" if figure is None else f"{figure:,}" for figure in figures]
            lines.append(_cells(row["repository"], f"`{row['path']}`", row["outcome"] + reason, *cells))
    return "\n".join(lines)


def is_keyword(row: Row) -> bool:
    name = f"{row['repository']}/{row['path']}"
    return bool(_KEYWORDS.search(name)) and not _OTHERS.search(name)


def keeps_state(row: Row) -> bool:
    return "VAR_HANDLE" in row.get("operators", ())


def kind_of(reason: str) -> str:
    """The reason without what is of this model only: the first clause, without numbers and names."""
    clause = re.split(r": | \(|[.;] |, as ", reason.replace("\n", " "))[0]
    return re.sub(r"\b\d[\d,.]*\b", "N", clause).replace("|", "\\|").strip()


def _wrong(rows: list[Row]) -> int:
    return sum(row["outcome"] == _DIFFERENT for row in rows)


def _rows(head: str) -> list[str]:
    columns = head.count("|") - 1
    return [head, "|---" + "|---:" * (columns - 1) + "|"]


def _cells(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    console.run(main)
