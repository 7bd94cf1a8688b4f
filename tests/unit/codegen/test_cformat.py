"""Pieces of C: literals, identifiers and comments that hold for any text."""

import re

import numpy as np
import pytest

from codegen import cformat


def test_rows():
    assert cformat.rows(range(5), 2) == ["0, 1,", "2, 3,", "4,"]
    assert cformat.rows([], 2) == []


def test_hex_bytes():
    assert cformat.hex_bytes(b"\x00\x0a\xff") == ["0x00", "0x0a", "0xff"]


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (0.5, "0.5f"),
        (1.0, "1.0f"),
        (1 / 256, "0.00390625f"),
        (1e-9, "9.99999972e-10f"),
        (0.1, "0.100000001f"),
    ],
)
def test_float_literals(value, literal):
    assert cformat.float_literal(value) == literal


def test_float_literals_read_back_as_the_same_float():
    for value in np.random.default_rng(1).lognormal(0, 10, 1000).astype(np.float32):
        assert np.float32(cformat.float_literal(float(value)).rstrip("f")) == value


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("yes", '"yes"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("a\\b", '"a\\\\b"'),
        ("ö1", '"\\303\\2661"'),
        ("what??/", '"what\\?\\?/"'),
        ("line\nend", '"line\\012end"'),
    ],
)
def test_string_literals(text, literal):
    assert cformat.string_literal(text) == literal


@pytest.mark.parametrize("text", ["*/ int x;", "a\nint x;", "end\\", "??/", "größe", "\u2028"])
def test_comments_do_not_end_early_nor_go_on(text):
    made = cformat.comment(text)
    assert made.isascii()
    assert "*/" not in made
    assert "\n" not in made
    assert not made.endswith(("\\", "??/"))


NAMES = [
    "yes_1", "yes 1", "Yes_1", "YES-1",  # all the same letters
    "größe_1", "grosse_1", "été", "ete",
    "7up_1", "int", "класс_1", "水", "", "_silence__1", "silence_1", "a__b", "yes_1_2",
]  # fmt: skip


def test_identifiers_are_valid_unique_and_stable():
    made = cformat.identifiers(NAMES)
    assert len({name.lower() for name in made}) == len(NAMES)
    for name in made:
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name), name
    assert made == cformat.identifiers(NAMES)
    assert made[:4] == ["yes_1", "yes_1_2", "yes_1_3", "yes_1_4"]
    assert cformat.identifiers(["7up", "水", "été"]) == ["clip_7up", "clip", "ete"]
