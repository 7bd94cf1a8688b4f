"""Kernels, front end and generated engine in every C and C++ of every compiler, without a warning.

``make test`` tries a few of the compilers and standards, ``make sweep`` all.
"""

import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from languages import COMPILERS, FIRMWARE, MATRIX, STANDARDS, Compiler, front_end, kernels, one_unit
from operator_forms import GROUPS
from sweeping import sweep

from codegen.engine import SOURCE, build_engine
from codegen.frontend_tables import table_files
from train.core.spec import FRONT_ENDS, FrontEnd
from train.tflite.graph import read_graph

BY_NAME = {compiler.name: compiler for compiler in COMPILERS}
GCC, CLANG, ARM_M4, ARM_M55, CLANG_M4 = (
    BY_NAME[name] for name in ("gcc", "clang", "arm-gcc-m4", "arm-gcc-m55", "clang-m4")
)
FEW = [
    *((GCC, standard) for standard in STANDARDS),
    (BY_NAME["gcc-m32"], "c99"),
    (CLANG, "c99"),
    (CLANG, "c++20"),
    (BY_NAME["arm-gcc-m0plus"], "c99"),
    (ARM_M4, "c99"),
    (ARM_M4, "c++20"),
    (ARM_M55, "c++11"),
    (BY_NAME["riscv-gcc-rv32imc"], "c99"),
    (CLANG_M4, "c++11"),
    (BY_NAME["clang-m55"], "c99"),
]
# Forms whose engines use all structs that values are given to by position.
FORMS = {name: form for group in GROUPS.values() for name, form in group.items()}
SYNTAX, CODE = ("-fsyntax-only",), ("-c", "-o", "/dev/null")
FLAGS = ("-O0", "-Og", "-O1", "-O2", "-O3", "-Os", "-funroll-loops")


def name_of(value: object) -> str:
    return value.name if isinstance(value, Compiler) else str(value)


def check(compiler: Compiler, standard: str, sources: Path | Iterable[Path], *options: str | Path) -> None:
    if reason := compiler.why_not():
        pytest.skip(reason)
    assert compiler.check(standard, [sources] if isinstance(sources, Path) else sources, *options) == ""


@pytest.mark.parametrize(("compiler", "standard"), sweep(MATRIX, *FEW), ids=name_of)
def test_kernels_in_one_unit(compiler, standard, tmp_path):
    """Also shows that no two of them have a static name or a macro in common."""
    check(compiler, standard, one_unit(kernels(), tmp_path / "kernels.c"), *SYNTAX)


@pytest.mark.parametrize(
    ("compiler", "flag"),
    sweep(itertools.product(COMPILERS, FLAGS), (ARM_M4, "-Og"), (ARM_M55, "-Os"), (CLANG_M4, "-O2")),
    ids=name_of,
)
def test_no_flag_of_the_build_makes_a_warning(compiler, flag, tmp_path):
    """What a compiler cannot inline or unroll though it is told to, it says in a warning."""
    check(compiler, "c11", one_unit(kernels(), tmp_path / "kernels.c"), flag, *CODE)


@pytest.mark.parametrize("preprocess", FRONT_ENDS)
@pytest.mark.parametrize(
    ("compiler", "standard"),
    sweep(MATRIX, (GCC, "c99"), (GCC, "c++11"), (ARM_M4, "c++20"), (CLANG_M4, "c11")),
    ids=name_of,
)
def test_front_end_in_one_unit(compiler, standard, preprocess, tmp_path):
    for name, content in table_files("// A test.", FrontEnd(preprocess)).items():
        (tmp_path / name).write_text(content)
    unit = one_unit([*front_end(), tmp_path / "frontend_tables.c"], tmp_path / "front_end.c")
    check(compiler, standard, unit, f"-I{tmp_path}", *SYNTAX)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("compiler", "standard"), sweep(itertools.product([GCC], STANDARDS), (GCC, "c++11")), ids=name_of
)
def test_generated_engines(compiler, standard, form, tmp_path):
    """That of one operator each."""
    tflite = FORMS[form](np.random.default_rng(0))
    for name, content in build_engine(read_graph(tflite, form), "// A test.", form).sources.items():
        (tmp_path / name).write_text(content)
    check(compiler, standard, tmp_path / SOURCE, f"-I{tmp_path}", *SYNTAX)


@pytest.mark.parametrize("standard", sweep(["c99", "c++20"], "c99"))
def test_each_file_stands_alone(standard):
    """Sources and headers include all that they use. A core without DSP finds some headers empty."""
    files = [*kernels(), *sorted((FIRMWARE / "kernels").glob("*.h")), FIRMWARE / "compiler.h"]
    check(GCC, standard, files, *SYNTAX, "-Wno-pedantic")


def test_a_compiler_without_extensions_gets_plain_c(tmp_path):
    """As those of IAR and Keil do: GCC, told that it is not GCC."""
    unit = one_unit(kernels(), tmp_path / "kernels.c")
    check(GCC, "c99", unit, *SYNTAX, "-U__GNUC__", "-D__inline=inline")
