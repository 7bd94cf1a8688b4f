"""Kernels, front end and engine under every compiler: warnings and instructions; ``make bench-compilers``.

Warnings: each compiler of tests/languages.py with each standard, at -O2. Instructions: each core of cores.py
with the optimizations that build systems use, beside Earshot 0.2 with the one that it needed. Both go to
out/bench/library.json, and as tables to docs/COMPILERS.md.
"""

import argparse
import functools
import itertools
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import document_table
from firmware_bench import random_subject
from firmware_measure import Subject, write_sources
from languages import COMPILERS, FIRMWARE, MATRIX, STANDARDS, Compiler, front_end, kernels, one_unit
from library.cores import CLANG, GCC, ROOT, Core, cores
from library.measuring import measure

from codegen.engine import build_engine
from codegen.frontend_tables import table_files
from train.core import console, runfolder
from train.core.spec import FRONT_ENDS, FrontEnd

_OUT = ROOT / "out" / "bench" / "library.json"
_DOCUMENT, _SOURCE = "COMPILERS.md", "make bench-compilers"
OPTIMIZATIONS = [
    *((GCC, option) for option in ("-Og", "-O1", "-O2", "-O3", "-Os")),
    (CLANG, "-O2"),
    (CLANG, "-Os"),
]
# Instructions of an inference by Earshot 0.2.0, GCC 12.2 at -O2 -fno-schedule-insns; by network and core.
BEFORE = {
    "tiny_conv": {
        "m0plus": 2_565_933, "m3": 899_082, "m4f": 449_920, "m33": 449_919, "m55": 195_077,
        "rv32imc": 1_139_552,
    },
    "spectro_temporal": {
        "m0plus": 7_430_337, "m3": 2_324_797, "m4f": 1_411_156, "m33": 1_411_159, "m55": 981_746,
        "rv32imc": 3_112_574,
    },
}  # fmt: skip
_FRONT_ENDS = {"tiny_conv": "average", "spectro_temporal": "log_mel"}


@dataclass(frozen=True)
class Warnings:
    """What one compiler says about everything in one language.

    Attributes:
        warnings: lines that are warnings or errors; None where the compiler is not there.
    """

    compiler: str
    standard: str
    warnings: int | None


@dataclass(frozen=True)
class Speed:
    """One network on one core in one build; ``before`` is the network on that core with Earshot 0.2."""

    network: str
    core: str
    compiler: str
    optimization: str
    instructions: int
    before: int
    instructions_per_row: int
    flash_bytes: int


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [core.name for core in cores()]
    parser.add_argument("--core", action="append", choices=names, help="may be repeated (all)")
    parser.add_argument(
        "--part", choices=("speed", "warnings"), help="only this one; the other is kept (both)"
    )
    flags = parser.parse_args()
    subjects = [
        random_subject(name, name, FrontEnd(preprocess), label_count=4, clips=5)
        for name, preprocess in _FRONT_ENDS.items()
    ]
    if flags.part != "warnings":
        chosen = [core for core in cores() if core.name in (flags.core or names)]
        _keep(speed=[asdict(it) for it in speed(chosen, subjects)])
    if flags.part != "speed":
        _keep(warnings=[asdict(it) for it in warnings(subjects)])
    kept = _kept()
    text = "\n\n".join(
        (
            warnings_table([Warnings(**it) for it in kept.get("warnings", [])]),
            speed_table([Speed(**it) for it in kept.get("speed", [])]),
        )
    )
    document_table.write(_DOCUMENT, _SOURCE, text)
    console.say(text)


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(_OUT.read_text(encoding="utf-8")) if _OUT.is_file() else {}
    return kept


def _keep(**new: list[dict[str, Any]]) -> None:
    """Put figures in the place of those that were there for the same; others stay."""
    kept = _kept()
    for part, figures in new.items():
        merged = {_what(it): it for it in (*kept.get(part, []), *figures)}
        kept[part] = [merged[what] for what in sorted(merged)]
    runfolder.write_json(_OUT, kept)


def _what(figures: dict[str, Any]) -> tuple[str, ...]:
    """What figures are of: all of them that are names."""
    return tuple(value for value in figures.values() if isinstance(value, str))


def speed(chosen: Sequence[Core], subjects: Sequence[Subject]) -> Iterator[Speed]:
    """All optimizations of all compilers that are there."""
    with console.progress("measuring", len(chosen) * len(subjects) * len(OPTIMIZATIONS)) as advance:
        for core in chosen:
            for subject in subjects:
                for compiler, optimization in OPTIMIZATIONS:
                    advance(note=f"{subject.name} on {core.name}, {compiler} {optimization}")
                    if tool := core.missing_tool(compiler):
                        console.warn(f"{core.title} with {compiler} left out: {tool} is not there")
                        continue
                    yield _speed(core, compiler, optimization, subject)


def _speed(core: Core, compiler: str, optimization: str, subject: Subject) -> Speed:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sources(subject, folder)
        called = build_engine(subject.graph, "// Measured.", subject.where).kernels
        sources = [
            *(FIRMWARE / "kernels" / f"{kernel}.c" for kernel in called),
            *front_end(),
            FIRMWARE / "model" / "compiled.c",
            folder / "engine.c",
            folder / "frontend_tables.c",
        ]
        figures = measure(core, compiler, [optimization], sources, [FIRMWARE, folder], subject)
    before = BEFORE[subject.name][core.name]
    return Speed(
        subject.name, core.name, compiler, optimization, figures.instructions, before,
        figures.instructions_per_row, figures.flash_bytes,
    )  # fmt: skip


def warnings(subjects: Sequence[Subject]) -> Iterator[Warnings]:
    """Every compiler with every standard: kernels, all front ends, and the engines of these models."""
    with tempfile.TemporaryDirectory() as name, console.progress("compiling", len(MATRIX)) as advance:
        units = _units(subjects, Path(name))
        for compiler, standard in MATRIX:
            advance(note=f"{compiler.name} {standard}")
            yield Warnings(compiler.name, standard, _count(compiler, standard, units))


def _units(subjects: Sequence[Subject], folder: Path) -> list[tuple[Path, Path]]:
    """Sources, and the folder of the headers of each."""
    units = [(one_unit(kernels(), folder / "kernels.c"), folder)]
    for preprocess in FRONT_ENDS:
        place = folder / preprocess
        place.mkdir()
        for file, content in table_files("// Compiled.", FrontEnd(preprocess)).items():
            (place / file).write_text(content, encoding="ascii")
        units.append((one_unit([*front_end(), place / "frontend_tables.c"], place / "front_end.c"), place))
    for subject in subjects:
        write_sources(subject, folder / subject.name)
        units.append((folder / subject.name / "engine.c", folder / subject.name))
    return units


def _count(compiler: Compiler, standard: str, units: Sequence[tuple[Path, Path]]) -> int | None:
    if _why_not(compiler):
        return None
    said = [
        compiler.check(standard, [source], f"-I{headers}", "-O2", "-c", "-o", "/dev/null")
        for source, headers in units
    ]
    return sum("warning: " in line or "error: " in line for text in said for line in text.splitlines())


@functools.cache
def _why_not(compiler: Compiler) -> str | None:
    if reason := compiler.why_not():
        console.warn(f"left out: {reason}")
        return reason
    return None


def warnings_table(found: Sequence[Warnings]) -> str:
    """A row a compiler, a column a standard."""
    cells = {(it.compiler, it.standard): "–" if it.warnings is None else str(it.warnings) for it in found}
    rows = [
        [f"`{' '.join(word for word in compiler.command if not word.startswith('-isystem'))}`"]
        + [cells.get((compiler.name, standard), "–") for standard in STANDARDS]
        for compiler in COMPILERS
    ]
    return _table(["warnings (host)", *STANDARDS], rows)


def speed_table(found: Sequence[Speed]) -> str:
    """A row a core and network, a column an optimization: how many times the instructions of Earshot 0.2."""
    titles = {core.name: core.title for core in cores()}
    rows = []
    for network, core in itertools.product(BEFORE, titles):
        mine = {
            (it.compiler, it.optimization): it for it in found if (it.network, it.core) == (network, core)
        }
        before = BEFORE[network][core]
        ratios = [
            f"{mine[build].instructions / before:.2f}" if build in mine else "–" for build in OPTIMIZATIONS
        ]
        rows.append([network, titles[core], f"{before:,}", *ratios])
    heads = [
        f"{'GCC' if compiler == GCC else 'clang'} {optimization}" for compiler, optimization in OPTIMIZATIONS
    ]
    return _table(["network", "core (emulated)", "Earshot 0.2", *heads], rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads), *rows))


if __name__ == "__main__":
    console.run(main)
