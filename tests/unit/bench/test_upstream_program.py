import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

sys.path.append(str(ROOT / "tests" / "bench" / "upstream"))
from upstream_program import Program, counts

_SOURCE = r"""
#include <stdio.h>
const signed char clip[64] = "a clip that nothing else in here is like";
int main(void) { return printf("%d of 64 features differ %s\n", clip[0], (const char*)clip) < 0; }
"""
_CLIP = b"a clip that nothing else in here is like"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler (cc)")
    folder = tmp_path_factory.mktemp("program")
    (folder / "program.c").write_text(_SOURCE, encoding="utf-8")
    subprocess.run([compiler, folder / "program.c", "-o", folder / "program"], check=True)
    return Program(folder / "program")


def test_a_copy_with_other_contents_runs(program: Program) -> None:
    before = program.path.read_bytes()
    assert "features differ another one" in program.output([(_CLIP, b"another one".ljust(len(_CLIP), b"\0"))])
    assert _CLIP.decode() in program.output([])
    assert program.path.read_bytes() == before


def test_what_is_not_there_once_is_told(program: Program, tmp_path: Path) -> None:
    assert program.holds(_CLIP)
    for old, new in ((b"not in there", b"not in there"), (_CLIP, b"shorter"), (b"\0\0\0\0", b"\0\0\0\1")):
        with pytest.raises(ValueError, match=f"expected these {len(old)} bytes once"):
            program.output([(old, new)])


def test_counts() -> None:
    assert counts("97 of 64 features differ\n3 of 64 features differ\n", r"of \d+ features differ") == [97, 3]
