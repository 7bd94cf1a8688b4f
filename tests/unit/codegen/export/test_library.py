"""The amalgamated library: what is in it compiles, has its prefix, and asks nothing of the system."""

import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from export_tools import WARNINGS, write
from model_ends import several, with_ends
from sweeping import sweep

from codegen.export.amalgam import Tree
from codegen.export.folder import contents_of
from codegen.export.formats import FORMATS
from codegen.export.library import load_library
from codegen.frontend_tables import table_files
from train.core import runfolder
from train.core.installation import FIRMWARE_SOURCES
from train.core.results.boards import BenchResult, FastestSlowest
from train.core.spec import FRONT_ENDS, FrontEnd
from train.tflite.graph import read_graph

# What C itself may call, whatever is in the source; no stdio, no heap, no floating point.
OF_THE_COMPILER = {"memcpy", "memset", "memmove", "_GLOBAL_OFFSET_TABLE_"}


def symbols(objects: list[Path]) -> list[tuple[str, str]]:
    """Kind and name of each symbol that others see."""
    done = subprocess.run(["nm", "-g", *objects], capture_output=True, text=True, check=True)
    return [(words[-2], words[-1]) for line in done.stdout.splitlines() if len(words := line.split()) >= 2]


@pytest.mark.parametrize("name", ["one", "other"])
def test_symbols_and_macros_have_the_prefix_and_nothing_changes_but_the_stream(
    libraries, compiler, tmp_path, name
):
    library = libraries[name]
    sources = write(library, tmp_path)
    flags = ["-std=c99", "-O1", "-fno-pic", *WARNINGS]
    subprocess.run([compiler, *flags, "-c", *sources], cwd=tmp_path, check=True)
    found = symbols([tmp_path / f"{source.stem}.o" for source in sources])
    defined = {symbol for kind, symbol in found if kind != "U"}
    assert {f"{name}_init", f"{name}_push", f"{name}_poll", f"{name}_default_point"} <= defined
    assert [symbol for symbol in defined if not symbol.startswith(f"{name}_")] == []
    assert {symbol for kind, symbol in found if kind == "U"} - defined <= OF_THE_COMPILER
    assert [symbol for kind, symbol in found if kind in "DBC"] == []  # no variables, nor anything common
    headers = "".join(text for file, text in library.files.items() if file.endswith(".h"))
    macros = re.findall(r"^\s*#\s*define (\w+)", headers, re.MULTILINE)
    assert len(macros) > 20
    assert [macro for macro in macros if not macro.startswith(f"{name.upper()}_")] == []


@pytest.mark.parametrize(
    ("tool", "standard"),
    sweep(
        [
            *[(tool, f"c{year}") for tool in ("gcc", "clang") for year in ("99", "11", "17", "2x")],
            *[(tool, f"c++{year}") for tool in ("g++", "clang++") for year in ("11", "14", "17", "20")],
        ],
        ("gcc", "c2x"),
        ("g++", "c++11"),
    ),
)
def test_any_standard_takes_it_without_a_warning(libraries, tmp_path, tool, standard):
    if shutil.which(tool) is None:
        pytest.skip(f"there is no {tool}")
    for library in libraries.values():
        language = "c++" if "++" in standard else "c"
        command = [tool, f"-std={standard}", *WARNINGS, "-fsyntax-only", "-x", language]
        subprocess.run([*command, *write(library, tmp_path)], check=True)


def joined(tree: Tree, sources: list[str]) -> str:
    seen: set[str] = set()
    headers = tree.headers_of(sources, seen)
    return headers + tree.join(sources, seen)


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_no_two_static_names_of_a_front_end_are_alike(compiler, tmp_path, front_end):
    tree = Tree(table_files("// A test.", FrontEnd(front_end)))
    names = [f"firmware/frontend/{path.name}" for path in sorted((FIRMWARE_SOURCES / "frontend").glob("*.c"))]
    (tmp_path / "all.c").write_text(joined(tree, ["c/frontend_tables.c", *names]))
    subprocess.run([compiler, "-std=c99", "-fsyntax-only", tmp_path / "all.c"], check=True)


def test_no_two_static_names_of_kernels_are_alike(compiler, tmp_path):
    names = [f"firmware/kernels/{path.name}" for path in sorted((FIRMWARE_SOURCES / "kernels").glob("*.c"))]
    for order in (names, names[::-1]):
        (tmp_path / "all.c").write_text(joined(Tree({}), order))
        subprocess.run(
            [compiler, "-std=c99", "-Wall", "-Werror", "-fsyntax-only", tmp_path / "all.c"], check=True
        )


def test_a_header_within_a_condition_is_not_lost_behind_it(compiler, tmp_path):
    """tile.h includes dsp.h only where the core has the instructions; a kernel includes it always."""

    guarded = "#ifndef {0}\n#define {0}\n{1}\n#endif\n"
    tree = Tree(
        {
            "inner.h": guarded.format("INNER_H", "typedef int inner;"),
            "outer.h": guarded.format("OUTER_H", '#ifdef NEVER\n#include "inner.h"\n#endif'),
            "part.h": "static inner twice;",
            "a.c": '#include "outer.h"\n#include "inner.h"\n#include "part.h"\n',
        }
    )
    text = joined(tree, ["c/a.c"])
    assert text.count("static inner twice;") == 1
    (tmp_path / "all.c").write_text(text)
    subprocess.run([compiler, "-fsyntax-only", tmp_path / "all.c"], check=True)


def test_only_the_kernels_that_are_called_come_along(libraries):
    text = libraries["one"].files["one_kernels.c"]
    assert {"conv_s8", "fully_connected_s8", "softmax_s8"} <= {*libraries["one"].manifest.kernels}
    assert "firmware/kernels/conv_s8.c" in text
    assert "svdf" not in text + libraries["one"].files["one_internal.h"]
    assert len(libraries["one"].files) == 6


def test_every_piece_says_its_licence(libraries):
    for name, text in libraries["one"].files.items():
        pieces = re.split(r"^// --- (.+)$", text, flags=re.MULTILINE)
        for origin, piece in zip(pieces[1::2], pieces[2::2], strict=True):
            licence = "CC0-1.0" if origin.startswith("c/") else "Apache-2.0"
            first = "\n".join(piece.strip().splitlines()[:4])
            assert f"SPDX-License-Identifier: {licence}" in first, (name, origin)


def test_memory_is_as_much_as_the_header_says(libraries, compiler, tmp_path):
    library = libraries["other"]
    write(library, tmp_path)
    check = (
        f'#include "other.h"\ntypedef char same[sizeof(other_stream) == {library.memory_bytes} ? 1 : -1];\n'
    )
    (tmp_path / "check.c").write_text(check)
    subprocess.run([compiler, "-fsyntax-only", tmp_path / "check.c"], check=True)


@pytest.mark.parametrize("ends", ["int8", "float32", "several"])
def test_a_single_file_has_no_front_end_and_any_ends(tiny_tflite, compiler, tmp_path, ends):
    graph = read_graph(tiny_tflite, "model")
    tflite = {
        "int8": lambda: tiny_tflite,
        "float32": lambda: with_ends(tiny_tflite, "float32", "float32"),
        "several": lambda: several(tiny_tflite, [*graph.inputs], [*graph.outputs, graph.ops[-1].inputs[0]]),
    }[ends]()
    (tmp_path / "net.tflite").write_bytes(tflite)
    library = load_library(tmp_path / "net.tflite")
    assert not library.has_front_end
    assert library.labels == ()
    assert sorted(library.files) == ["net.h", "net_internal.h", "net_kernels.c", "net_model.c"]
    assert "net_push" not in "".join(library.files.values())
    (tmp_path / "example.c").write_text(library.render_of_kind("example.c"))
    sources = write(library, tmp_path)
    flags = ["-std=c99", "-O0", *WARNINGS]
    subprocess.run([compiler, *flags, "-c", *sources, tmp_path / "example.c"], cwd=tmp_path, check=True)
    objects = [tmp_path / f"{source.stem}.o" for source in sources]
    defined = {symbol for kind, symbol in symbols(objects) if kind != "U"}
    assert set(re.findall(r"^[^/\n]*\b(net_model_\w+)\(", library.files["net.h"], re.MULTILINE)) <= defined
    program = tmp_path / "example"
    subprocess.run([compiler, *objects, tmp_path / "example.o", "-o", program], check=True)
    said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    scores = [float(word) for word in said.splitlines()[0].partition(":")[2].split()]
    assert len(scores) == 4
    assert sum(scores) == pytest.approx(1.0, abs=0.02)


def test_instructions_that_were_counted_are_told(runs, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(runs["one"], run)
    spec = runfolder.read_spec(run)
    ticks = FastestSlowest(min=1, max=2)
    bench = BenchResult(
        model_sha256=spec.artefacts["model.tflite"], board="mps2-an386", label="emulated", engine="compiled",
        build_id="0", inference_count=3, ticks_per_s=25, inference_ticks=ticks, row_ticks=ticks,
        instructions_per_inference=1_234_567, inference_us=None, instructions_per_row=43_210, row_us=None,
        arena_bytes=1, flash_bytes=1, ram_bytes=1, stack_bytes=1,
    )  # fmt: skip
    bench.write(BenchResult.path_of(run, "mps2-an386"))
    dataclasses.replace(bench, model_sha256="0" * 64).write(BenchResult.path_of(run, "mps2-an505"))
    BenchResult.path_of(run, "mps2-an500").parent.mkdir()
    BenchResult.path_of(run, "mps2-an500").write_text("no JSON")
    library = load_library(run, "one")
    assert [(it.board, it.inference, it.row) for it in library.instructions] == [
        ("mps2-an386", 1_234_567, 43_210)
    ]
    contents = contents_of(library, FORMATS["c"])
    assert "| mps2-an386 | 1,234,567 | 43,210 | emulated |" in contents["README.md"].decode()
    assert json.loads(contents["manifest.json"])["instructions"][0]["inference"] == 1_234_567


def test_of_flash_weights_are_counted_and_code_is_estimated(libraries):
    """What the estimate is worth is in docs/LIBRARY.md; it is fitted to what make bench-library measures."""
    for library in libraries.values():
        weights = library.manifest.weight_bytes
        assert weights < library.constant_bytes < weights + 9000
        assert 4000 < library.flash_bytes - library.constant_bytes < 16000
