"""kws.h: the memory that it asks for is what the C needs, on every core."""

import shutil
import subprocess
from pathlib import Path

import pytest
from places import ROOT

from codegen.engine import build_engine
from codegen.frontend_tables import table_files
from codegen.library import library_files
from train.core.operating_point import original
from train.core.spec import FRONT_ENDS, FrontEnd, ModelSpec, labels_for
from train.tflite.graph import read_graph

SIZES = """
#include "listener/stream.h"
typedef char at_most_[sizeof(kws_state) <= sizeof(kws_stream) ? 1 : -1];
typedef char at_least[sizeof(kws_state) > sizeof(kws_stream) - 16 ? 1 : -1];
"""
COMPILERS = (("cc", "-m64"), ("cc", "-m32"), ("arm-none-eabi-gcc",), ("arm-none-eabi-gcc", "-mcpu=cortex-m0"))


@pytest.mark.parametrize("compiler", COMPILERS, ids=" ".join)
@pytest.mark.parametrize("words", [("a",), ("a", "b", "c")])
@pytest.mark.parametrize("name", FRONT_ENDS)
def test_a_stream_is_as_large_as_it_says(
    tmp_path: Path, tiny_tflite: bytes, compiler: tuple[str, ...], words: tuple[str, ...], name: str
) -> None:
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"there is no {compiler[0]}")
    spec = ModelSpec(labels=labels_for(words), front_end=FrontEnd(name=name))
    sources = {
        **library_files("// A test.", spec, "original", original(len(spec.labels))),
        **table_files("// A test.", spec.front_end),
        **build_engine(read_graph(tiny_tflite, ""), "// A test.", "").sources,
    }
    for file, content in sources.items():
        (tmp_path / file).write_text(content)
    (tmp_path / "sizes.c").write_text(SIZES)
    includes = [f"-I{ROOT / 'firmware'}", f"-I{tmp_path}"]
    done = subprocess.run(
        [*compiler, "-std=c11", "-ffreestanding", "-fsyntax-only", *includes, tmp_path / "sizes.c"],
        capture_output=True,
        text=True,
    )
    if "-m32" in compiler and "gnu/stubs-32.h" in done.stderr:
        pytest.skip("there are no headers for 32 bits")
    assert done.returncode == 0, done.stderr
