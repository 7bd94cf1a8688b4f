"""What the exported library takes on each core, to out/bench/library.json and docs/LIBRARY.md.

``make bench-library RUNS="RUN..."`` runs it. Flash is what the linker takes of the library for a program that
listens: no C library, no libgcc. RAM is one stream. QEMU counts instructions, in firmware/app/bench.c linked
to the same library.
"""

import argparse
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import document_table
from library.cores import GCC, ROOT, Core, cores
from library.measuring import linked_bytes, measure, run_tool

from codegen.export.folder import contents_of
from codegen.export.formats import FORMATS
from codegen.export.library import Library, load_library
from train.core import console, runfolder
from train.core.console import log, say
from train.core.installation import FIRMWARE_SOURCES

OPTIONS = ("-Os",)  # as most build systems of microcontrollers have it
_OUT = ROOT / "out" / "bench" / "library.json"
_PROGRAM = ROOT / "tests" / "c" / "library" / "use.c"
_SOURCE = "make bench-library"


@dataclass(frozen=True)
class CoreFigures:
    """One library on one core.

    Attributes:
        files: of the export.
        flash_bytes, ram_bytes: of the library in a program, and of that the stream.
        instructions, instructions_per_row: of an inference and of a row of features.
        symbols_without_prefix: global ones.
    """

    core: str
    run: str
    files: int
    flash_bytes: int
    ram_bytes: int
    instructions: int
    instructions_per_row: int
    symbols_without_prefix: int


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path)
    flags = parser.parse_args()
    figures = [it for run in flags.runs for it in figures_of(run)]
    kept = json.loads(_OUT.read_text(encoding="utf-8")) if _OUT.is_file() else {}
    kept["label"] = "emulated: instructions by QEMU; sizes by the linker"
    kept["options"] = list(OPTIONS)
    kept["symbols_without_prefix"] = sum(it.symbols_without_prefix for it in figures)
    kept["cores"] = [dataclasses.asdict(it) for it in figures]
    runfolder.write_json(_OUT, kept)
    text = table(figures)
    document_table.write("LIBRARY.md", _SOURCE, text)
    say(text)


def figures_of(run: Path) -> Iterable[CoreFigures]:
    """A run on every core whose compiler and emulator are there."""
    library = load_library(run, "kws")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place, files in (("library", library.files), ("generated", library.made.contents)):
            (folder / place).mkdir()
            for path, text in files.items():
                (folder / place / path).write_text(text, encoding="utf-8")
        for core in cores():
            if tool := core.missing_tool(GCC):
                log(f"{core.title}: there is no {tool}")
                continue
            log(f"{run.name} on {core.title}")
            yield _measure(library, core, folder)


def _measure(library: Library, core: Core, folder: Path) -> CoreFigures:
    linked = [folder / "library" / name for name in library.sources]
    flash_bytes = _flash_bytes(core, linked)
    # The program of the benchmark calls what is below the stream.
    sources = [source for source in linked if source.name != "kws.c"]
    counted = measure(core, GCC, OPTIONS, sources, [folder / "generated", FIRMWARE_SOURCES])
    return CoreFigures(
        core=core.name,
        run=library.place.name,
        files=len(contents_of(library, FORMATS["c"])),
        flash_bytes=flash_bytes,
        ram_bytes=library.memory_bytes,
        instructions=counted.instructions,
        instructions_per_row=counted.instructions_per_row,
        symbols_without_prefix=_strangers(core, linked),
    )


def _objects(core: Core, sources: Iterable[Path], folder: Path) -> list[Path]:
    sections = ("-ffunction-sections", "-fdata-sections")
    command = [*core.command(GCC), *OPTIONS, *sections]
    objects = [folder / f"{source.stem}.o" for source in sources]
    for source, target in zip(sources, objects, strict=True):
        run_tool([*command, f"-I{source.parent}", "-c", source, "-o", target])
    return objects


def _flash_bytes(core: Core, sources: list[Path]) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder, program = Path(name), Path(name) / "program"
        (folder / "library").mkdir()
        objects = _objects(core, sources, folder / "library")
        shutil.copyfile(_PROGRAM, folder / "use.c")
        include = f"-I{sources[0].parent}"
        compile_program = [*core.command(GCC), "-O2", "-ffreestanding", "-fno-tree-loop-distribute-patterns"]
        run_tool([*compile_program, include, "-c", folder / "use.c", "-o", folder / "use.o"])
        link = [
            core.gcc,
            *core.flags,
            "-nostdlib",
            "-Wl,--gc-sections",
            "-Wl,-emain",
            f"-Wl,-Map={program}.map",
        ]
        run_tool([*link, folder / "use.o", *objects, "-lgcc", "-o", program])
        flash, ram = linked_bytes(Path(f"{program}.map").read_text(encoding="utf-8"), folder / "library")
        assert ram == 0, "the library has no variables"
        return flash


def _strangers(core: Core, sources: list[Path]) -> int:
    with tempfile.TemporaryDirectory() as name:
        objects = _objects(core, sources, Path(name))
        said = run_tool([core.gcc.replace("gcc", "nm"), "-g", "--defined-only", *objects])
    symbols = [words[2] for line in said.splitlines() if len(words := line.split()) == 3]
    return sum(not symbol.startswith("kws_") for symbol in symbols)


def table(figures: Iterable[CoreFigures]) -> str:
    """Markdown."""
    titles = {core.name: core.title for core in cores()}
    lines = [
        "| run | core | flash | RAM, a stream | instructions an inference | instructions a row |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for it in figures:
        numbers = (it.flash_bytes, it.ram_bytes, it.instructions, it.instructions_per_row)
        cells = " | ".join(f"{number:,}" for number in numbers)
        lines.append(f"| {it.run} | {titles[it.core]} | {cells} |")
    return "\n".join(lines)


if __name__ == "__main__":
    console.run(main)
