"""What a prefix may be, which one words get, and that nothing else is renamed."""

import pytest

from codegen.export.prefix import check_prefix, default_prefix, rename
from train.core.errors import UserError

TEN = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")


@pytest.mark.parametrize(
    ("names", "prefix"),
    [
        (("yes", "no"), "yes_no"),
        (("größe", "Straße 7"), "groe_strae_7"),
        (("hey earshot",), "hey_earshot"),
        (("7",), "kws_7"),
        (("switch",), "kws_switch"),
        (("time",), "kws_time"),
        (("example",), "kws_example"),
        (("時間",), "kws"),
        (("__x__",), "x"),
        (TEN, "yes_no_up_down_left"),
        (("supercalifragilisticexpialidocious",), "supercalifragilisticexpi"),
    ],
)
def test_words_make_a_prefix_that_is_allowed(names, prefix):
    assert default_prefix(names) == prefix
    check_prefix(prefix)


@pytest.mark.parametrize(
    ("prefix", "reason", "proposed"),
    [
        ("Yes", "expected lower-case", "yes"),
        ("3x", "expected lower-case", "kws_3x"),
        ("_yes", "expected lower-case", "yes"),
        ("yes_", "expected lower-case", "yes"),
        ("yes__no", "expected lower-case", "yes_no"),
        ("größe", "expected lower-case", "groe"),
        ("", "expected lower-case", "kws"),
        ("a-b", "expected lower-case", "a_b"),
        ("int", "keyword", "kws_int"),
        ("namespace", "keyword", "kws_namespace"),
        ("string", "header string.h", "kws_string"),
        ("main", "the source main.c", "kws_main"),
        ("a" * 32, "32 characters", "a" * 24),
    ],
)
def test_what_cannot_begin_a_name_is_refused_with_what_can(prefix, reason, proposed):
    with pytest.raises(UserError, match=reason) as refused:
        check_prefix(prefix)
    assert str(refused.value).endswith(f"such as {proposed}")
    check_prefix(proposed)


def test_names_and_macros_are_renamed_and_nothing_else():
    text = "#ifndef EARSHOT_KWS_H_\nint kws_x(KWS_Y); int nkws_x, kws, earshot; // by Earshot, kws_x()\n"
    renamed = rename({"a": text}, "yes_no")["a"]
    assert renamed == (
        "#ifndef YES_NO_KWS_H_\nint yes_no_x(YES_NO_Y); int nkws_x, kws, earshot; // by Earshot, yes_no_x()\n"
    )
    assert rename({"a": text}, "kws")["a"] == text.replace("EARSHOT_", "KWS_")


def test_a_name_that_the_sources_have_is_not_made_again():
    with pytest.raises(UserError, match=r"row_count is a name in the sources.*kws_row"):
        rename({"a": "int kws_count;", "b": "int row_count;"}, "row")
