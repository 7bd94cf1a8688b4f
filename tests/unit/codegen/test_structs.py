"""Structs of the kernels by position: the order is the header's, and no field is left out."""

import re
import shutil
import subprocess

import pytest
from places import ROOT

from codegen.ops import _structs
from codegen.ops._structs import fields_of, initializer, layout, one_line

KERNELS = ROOT / "firmware" / "kernels"
OF_SOME_CORES = ("dsp.h", "tile_dsp.h", "tile_mve.h")
HEADERS = sorted(path for path in KERNELS.glob("*.h") if path.name not in OF_SOME_CORES)
STRUCTS = sorted({name for path in HEADERS for name in re.findall(r"typedef struct (\w+)", path.read_text())})
COPY = {
    "dims": [1, 1, 2, 3],
    "input_start": 4,
    "output_start": 5,
    "input_strides": [0, 0, 3, 1],
    "output_strides": [0, 0, 6, 2],
}


def test_layout_is_that_of_the_structs():
    """Where this fails, a struct was changed: write the number that is expected into layout.h."""
    text = (KERNELS / "layout.h").read_text()
    assert re.findall(r"#define KWS_LAYOUT (\w+)", text) == [f"0x{layout():08X}u"]


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler (cc)")
def test_fields_are_those_that_the_compiler_sees(tmp_path):
    """Without padding, each field begins where those before it end."""
    lines = ["#include <stddef.h>", *(f'#include "kernels/{path.name}"' for path in HEADERS)]
    for struct in STRUCTS:
        before = ["0"]
        for field in fields_of(struct):
            place = f"offsetof({struct}, {field.name})"
            lines.append(f'_Static_assert({place} == {" + ".join(before)}, "{struct}.{field.name}");')
            before.append(f"sizeof((({struct}*)0)->{field.name})")
        lines.append(f'_Static_assert(sizeof({struct}) == {" + ".join(before)}, "{struct}");')
    (tmp_path / "structs.c").write_text("\n".join(lines))
    command = [
        "cc",
        "-std=c11",
        "-fpack-struct=1",
        "-fsyntax-only",
        f"-I{ROOT / 'firmware'}",
        tmp_path / "structs.c",
    ]
    assert subprocess.run(command, capture_output=True, text=True).stderr == ""
    assert len(STRUCTS) > 25


def test_values_come_in_the_order_of_the_header_with_their_names():
    backwards = dict(reversed(COPY.items()))
    expected = [
        ("{1, 1, 2, 3}", "dims"),
        ("4", "input_start"),
        ("5", "output_start"),
        ("{0, 0, 3, 1}", "input_strides"),
        ("{0, 0, 6, 2}", "output_strides"),
    ]
    assert initializer("kws_copy_params", backwards) == expected
    assert one_line("kws_copy_params", backwards) == "{{1, 1, 2, 3}, 4, 5, {0, 0, 3, 1}, {0, 0, 6, 2}}"


def test_a_struct_in_a_struct_has_its_own_order():
    shape = {"strides2": [0, 0, 0, 0], "dims": [1, 1, 1, 5], "strides1": [0, 0, 0, 1]}
    expected = ("{{1, 1, 1, 5}, {0, 0, 0, 1}, {0, 0, 0, 0}}", "shape: dims, strides1, strides2")
    assert initializer("kws_extremum_params", {"shape": shape}) == [expected]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"input_start": None}, "expected \\['dims', 'input_start'"),
        ({"start": 1}, "expected \\['dims', 'input_start'"),
        ({"dims": [1, 2, 3]}, "dims: 3 values, expected 4"),
        ({"dims": 7}, "dims: 7, expected 4 values"),
        ({"input_start": [1, 2]}, "input_start: 2 values, expected None"),
    ],
)
def test_values_that_do_not_fit_are_refused(change, said):
    values = {name: value for name, value in (COPY | change).items() if value is not None}
    with pytest.raises(ValueError, match=said):
        initializer("kws_copy_params", values)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rows, count;", "count, rows;"),
        ("rows, count;", "rows, count, more;"),
        ("int32_t rows, count;", "int16_t rows, count;"),
        ("int32_t difference_min;", "int32_t* difference_min;"),
    ],
)
def test_any_change_of_a_struct_changes_the_layout(old, new, tmp_path, monkeypatch):
    before = layout()
    shutil.copytree(KERNELS, tmp_path, dirs_exist_ok=True)
    text = (tmp_path / "softmax_s8.h").read_text()
    assert text.count(old) == 1
    (tmp_path / "softmax_s8.h").write_text(text.replace(old, new))
    monkeypatch.setattr(_structs, "_KERNELS", tmp_path)
    _structs._structs.cache_clear()
    try:
        assert layout() != before
    finally:
        _structs._structs.cache_clear()
