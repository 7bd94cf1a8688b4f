"""What is for other front ends is taken out of C, as a preprocessor would, and nothing else."""

import itertools
import subprocess

import pytest

from codegen.export.conditions import has_code, resolve

NAMES = ("KWS_FRONTEND_A", "KWS_FRONTEND_B")
TEXT = """first
#if KWS_FRONTEND_A
a
#ifdef OTHER
a and other
#if !KWS_FRONTEND_B
a and other and not b
#endif
#else
a and not other
#endif
#elif KWS_FRONTEND_B || !KWS_FRONTEND_B && KWS_FRONTEND_A  // with a comment
b
#else
neither
#endif
#if defined(OTHER) && KWS_FRONTEND_A
stays
#elif KWS_FRONTEND_B
stays, too
#endif
last
"""


def preprocessed(compiler, text, flags):
    command = [compiler, "-E", "-P", "-x", "c", *flags, "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize("values", [*itertools.product((0, 1), repeat=2)])
def test_what_is_left_is_what_a_preprocessor_leaves(compiler, values):
    known = dict(zip(NAMES, values, strict=True))
    text = resolve(TEXT, known)
    defines = [f"-D{name}={value}" for name, value in known.items()]
    for other in ([], ["-DOTHER"]):
        expected = preprocessed(compiler, TEXT, [*defines, *other])
        assert preprocessed(compiler, text, [*defines, *other]) == expected
    assert "#if KWS_FRONTEND_A" not in text
    assert "#if defined(OTHER)" in text
    assert ("neither" in text) == (values == (0, 0))


@pytest.mark.parametrize(("flags", "value"), [(["-DKWS_ENGINE_A"], 1), ([], 0)])
def test_a_name_that_is_asked_for_is_defined_or_not(compiler, flags, value):
    source = "#ifdef KWS_ENGINE_A\na\n#else\nb\n#endif\n#ifdef OTHER\nother\n#endif\nlast\n"
    text = resolve(source, {"KWS_ENGINE_A": value})
    for other in ([], ["-DOTHER"]):
        assert preprocessed(compiler, text, other) == preprocessed(compiler, source, [*flags, *other])
    assert "KWS_ENGINE_A" not in text
    assert "#ifdef OTHER" in text


def test_an_expression_that_is_no_condition_of_a_front_end_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="no condition"):
        resolve("#if KWS_FRONTEND_A > KWS_FRONTEND_A\n#endif\n", {"KWS_FRONTEND_A": 1})
    with pytest.raises(AssertionError, match="its #if does not have"):
        resolve("#if KWS_FRONTEND_A\n#elif OTHER\n#endif\n", {"KWS_FRONTEND_A": 1})


def test_comments_and_directives_are_no_code():
    assert not has_code('// SPDX\n#include "a.h"\n\nKWS_BEGIN_CODE\n  // more\nKWS_END_CODE\n')
    assert has_code("// SPDX\nint a;\n")


def test_a_library_has_the_front_end_of_its_run_alone(libraries):
    texts = {name: libraries[name].files[f"{name}_frontend.c"] for name in libraries}
    assert "compress.c" not in texts["one"]
    assert "compress.c" in texts["other"]
    for name, text in texts.items():
        assert "micro.c" not in text
        assert f"#if {name.upper()}_FRONTEND_" not in text
