"""Kernels, front end and generated engine in every C and C++ of every compiler, without a warning.

``make test`` tries a few of the compilers and standards, ``make sweep`` all.
"""

import shutil

import numpy as np
import pytest
from languages import C_STANDARDS, COMPILERS, MATRIX, STANDARDS, Compiler, front_end, kernels, one_unit
from operator_forms import GROUPS
from places import ROOT
from sweeping import sweep

from codegen.engine import SOURCE, build_engine
from codegen.frontend_tables import table_files
from train.core.spec import FRONT_ENDS, FrontEnd
from train.tflite.graph import read_graph

BY_NAME = {compiler.name: compiler for compiler in COMPILERS}
GCC = BY_NAME["gcc"]
FEW = [
    *((GCC, standard) for standard in STANDARDS),
    (BY_NAME["gcc-m32"], "c99"),
    (BY_NAME["clang"], "c99"),
    (BY_NAME["clang"], "c++20"),
    (BY_NAME["arm-gcc-m0plus"], "c99"),
    (BY_NAME["arm-gcc-m4"], "c99"),
    (BY_NAME["arm-gcc-m4"], "c++20"),
    (BY_NAME["arm-gcc-m55"], "c++11"),
    (BY_NAME["riscv-gcc-rv32imc"], "c99"),
    (BY_NAME["clang-m4"], "c++11"),
    (BY_NAME["clang-m55"], "c99"),
]
# Forms whose engines use all structs that values are given to by position, and the ends of a model.
FORMS = {name: form for group in GROUPS.values() for name, form in group.items()}


def name_of(value: object) -> str:
    return value.name if isinstance(value, Compiler) else str(value)


def check(compiler: Compiler, standard: str, source, *options) -> None:
    if reason := compiler.why_not():
        pytest.skip(reason)
    assert compiler.check(standard, source, *options) == ""


@pytest.mark.parametrize(("compiler", "standard"), sweep(MATRIX, *FEW), ids=name_of)
def test_kernels_in_one_unit(compiler, standard, tmp_path):
    """Also shows that no two of them have a static name or a macro in common."""
    check(compiler, standard, one_unit(kernels(), tmp_path / "kernels.c"), "-O2", "-c")


@pytest.mark.parametrize("preprocess", FRONT_ENDS)
@pytest.mark.parametrize(
    ("compiler", "standard"), sweep(MATRIX, (GCC, "c99"), (GCC, "c++20"), (BY_NAME["clang"], "c11")), ids=name_of
)
def test_front_end_in_one_unit(compiler, standard, preprocess, tmp_path):
    for name, content in table_files("// A test.", FrontEnd(preprocess)).items():
        (tmp_path / name).write_text(content)
    unit = one_unit([*front_end(), tmp_path / "frontend_tables.c"], tmp_path / "front_end.c")
    check(compiler, standard, unit, "-O2", "-c", f"-I{tmp_path}")


@pytest.mark.parametrize(
    ("compiler", "standard"), sweep(MATRIX, (GCC, "c99"), (GCC, "c++11"), (BY_NAME["clang"], "c++20")), ids=name_of
)
def test_generated_engine(compiler, standard, tiny_tflite, tmp_path):
    for name, content in build_engine(read_graph(tiny_tflite, "tiny"), "// A test.", "tiny").sources.items():
        (tmp_path / name).write_text(content)
    check(compiler, standard, tmp_path / SOURCE, "-O2", "-c", f"-I{tmp_path}")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("standard", ["c99", "c++11"])
def test_generated_engines_of_every_operator(form, standard, tmp_path):
    tflite = FORMS[form](np.random.default_rng(0))
    for name, content in build_engine(read_graph(tflite, form), "// A test.", form).sources.items():
        (tmp_path / name).write_text(content)
    check(GCC, standard, tmp_path / SOURCE, "-fsyntax-only", f"-I{tmp_path}")


@pytest.mark.parametrize("standard", ["c99", "c++20"])
def test_each_file_stands_alone(standard, tmp_path):
    """Sources and headers include all that they use."""
    for path in [*kernels(), *sorted((ROOT / "firmware" / "kernels").glob("*.h"))]:
        check(GCC, standard, one_unit([path], tmp_path / "alone.c"), "-fsyntax-only")


@pytest.mark.parametrize("flag", ["-O0", "-Og", "-Os", "-O3", "-funroll-loops"])
@pytest.mark.parametrize("name", ["arm-gcc-m4", "arm-gcc-m55", "clang-m4", "clang-m55"])
def test_no_flag_of_the_build_makes_a_warning(name, flag, tmp_path):
    """Unrolled and inlined is what says so: a compiler that cannot tells, as a warning."""
    check(BY_NAME[name], "c11", one_unit(kernels(), tmp_path / "kernels.c"), flag, "-c")


def test_a_compiler_without_extensions_gets_plain_c(tmp_path):
    """As IAR's and Keil's do: nothing of GCC's is left where it says that it is none."""
    unit = one_unit(kernels(), tmp_path / "kernels.c")
    check(GCC, "c99", unit, "-O2", "-c", "-U__GNUC__", "-D__inline=inline")


def test_the_table_of_compilers_is_whole():
    assert {standard for _, standard in MATRIX} == set(STANDARDS) and len(C_STANDARDS) == 4
    assert shutil.which("gcc") is None or GCC.why_not() is None
