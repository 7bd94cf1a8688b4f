"""Dataclasses as JSON: what goes in comes out, and nothing of another type gets in."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.core.errors import UserError
from train.core.typed_json import DEEPEST, KEY, Json, Mismatch, decode, encode, parse


@dataclass(frozen=True, kw_only=True)
class Leaf:
    number: int
    share: float
    name: str
    is_right: bool

    def __post_init__(self) -> None:
        if self.number == 13:
            raise UserError("number is 13, which brings bad luck")


@dataclass(frozen=True, kw_only=True)
class Base:
    leaf: Leaf


@dataclass(frozen=True, kw_only=True)
class Tree(Base):
    nullable: float | None
    optional: str | None = None
    pair: tuple[int, str]
    leaves: tuple[Leaf, ...]
    table: tuple[tuple[int, ...], ...] = ()
    counts: dict[str, dict[str, int]]
    hashes: Mapping[str, str] = field(default_factory=dict)
    lambda_: int = field(default=7, metadata={KEY: "lambda"})
    anything: Json = None


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
WHOLE = st.integers(-(2**63), 2**64 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.builds(
    Leaf,
    number=WHOLE.filter(lambda number: number != 13),
    share=FLOATS,
    name=NAMES,
    is_right=st.booleans(),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | WHOLE | FLOATS | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TREES = st.builds(
    Tree,
    leaf=LEAVES,
    nullable=st.none() | FLOATS,
    optional=st.none() | NAMES,
    pair=st.tuples(WHOLE, NAMES),
    leaves=st.lists(LEAVES, max_size=3).map(tuple),
    table=st.lists(st.lists(WHOLE, max_size=3).map(tuple), max_size=3).map(tuple),
    counts=st.dictionaries(NAMES, st.dictionaries(NAMES, WHOLE, max_size=2), max_size=2),
    hashes=st.dictionaries(NAMES, NAMES, max_size=2),
    lambda_=WHOLE,
    anything=ANYTHING,
)


@given(TREES)
def test_what_goes_in_comes_out(tree: Tree) -> None:
    text = json.dumps(encode(tree), allow_nan=False)
    assert decode(Tree, parse(text, "a.json"), "a.json") == tree
    assert decode(Tree, parse(text.encode(), "a.json"), "a.json", allow_unknown=False) == tree


LEAF = {"number": 1, "share": 0.5, "name": "a", "is_right": True}
TREE: dict[str, Any] = {
    "leaf": LEAF,
    "nullable": None,
    "pair": [1, "a"],
    "leaves": [LEAF, LEAF],
    "counts": {"a": {"b": 1}},
}


def test_what_may_be_left_out_is_left_out() -> None:
    tree = decode(Tree, TREE, "a.json")
    assert (tree.optional, tree.table, tree.lambda_, tree.anything) == (None, (), 7, None)
    assert encode(tree) == TREE | {"table": [], "hashes": {}, "lambda": 7}
    assert encode(dataclasses.replace(tree, optional="b"))["optional"] == "b"


def test_a_whole_number_is_a_number() -> None:
    assert decode(Leaf, LEAF | {"share": 1}, "a.json").share == 1


def changed(path: tuple[str | int, ...], value: Any) -> Any:
    tree = json.loads(json.dumps(TREE))
    place = tree
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return tree


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("leaf",), 3, "leaf: is 3, expected an object"),
        (("leaf",), None, "leaf: is null, expected an object"),
        (("leaf", "number"), True, "leaf: number: is true, expected a whole number"),
        (("leaf", "number"), 1.0, "leaf: number: is 1.0, expected a whole number"),
        (("leaf", "number"), "1", 'leaf: number: is "1", expected a whole number'),
        (("leaf", "number"), [1], "leaf: number: is a list, expected a whole number"),
        (("leaf", "number"), 13, "leaf: number is 13, which brings bad luck"),
        (("leaf", "share"), True, "leaf: share: is true, expected a number"),
        (("leaf", "share"), 10**400, f"leaf: share: is 1{'0' * 59}…, expected a number"),
        (("leaf", "name"), 1, "leaf: name: is 1, expected text"),
        (("leaf", "name"), None, "leaf: name: is null, expected text"),
        (("leaf", "is_right"), 1, "leaf: is_right: is 1, expected true or false"),
        (("nullable",), "", 'nullable: is "", expected a number'),
        (("optional",), 2, "optional: is 2, expected text"),
        (("pair",), [1], "pair: has 1 items, expected 2"),
        (("pair",), ["a", 1], 'pair[0]: is "a", expected a whole number'),
        (("leaves",), {}, "leaves: is an object, expected a list"),
        (("leaves", 1, "name"), {}, "leaves[1]: name: is an object, expected text"),
        (("table",), [[1], [2, None]], "table[1][1]: is null, expected a whole number"),
        (("counts",), [], "counts: is a list, expected an object"),
        (("counts", "a", "b"), "ü" * 61, f'counts: a: b: is "{"ü" * 59}…, expected a whole number'),
    ],
)
def test_another_type_is_told(path: tuple[str | int, ...], value: Any, complaint: str) -> None:
    with pytest.raises(Mismatch) as caught:
        decode(Tree, changed(path, value), "a.json")
    assert str(caught.value) == f"a.json: {complaint}"


def test_what_is_not_there_is_told() -> None:
    for kind, name in ((Tree, "counts"), (Tree, "nullable"), (Leaf, "share")):
        content = {key: value for key, value in (TREE if kind is Tree else LEAF).items() if key != name}
        with pytest.raises(Mismatch, match=f"^a.json: has no '{name}'$"):
            decode(kind, content, "a.json")


def test_what_is_not_known_is_passed_over_or_told() -> None:
    content = changed(("leaves", 0, "colour"), "red")
    assert decode(Tree, content, "a.json") == decode(Tree, TREE, "a.json")
    with pytest.raises(Mismatch, match=r"^a\.json: leaves\[0\]: has 'colour', which is not known$"):
        decode(Tree, content, "a.json", allow_unknown=False)


@given(ANYTHING)
def test_whatever_it_is_it_is_told(content: Any) -> None:
    with pytest.raises(Mismatch, match=r"^a\.json: "):
        decode(Tree, content, "a.json")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_no_number_is_no_json(number: str) -> None:
    with pytest.raises(Mismatch, match=rf"^a\.json: is not JSON \({number} is no number\)$"):
        parse(f'{{"share": {number}}}', "a.json")


def test_a_number_too_large_is_none() -> None:
    for content in (math.inf, math.nan, parse("1e999", "a.json")):
        with pytest.raises(Mismatch, match=r"leaf: share: is (Infinity|NaN), expected a number"):
            decode(Tree, changed(("leaf", "share"), 1.0) | {"leaf": LEAF | {"share": content}}, "a.json")
        with pytest.raises(Mismatch, match=r"anything: a: is (Infinity|NaN), expected a finite number"):
            decode(Tree, TREE | {"anything": {"a": content}}, "a.json")


def nested(levels: int) -> Any:
    content: Any = 1
    for level in range(levels):
        content = [content] if level % 2 else {"a": content}
    return content


def test_a_deep_file_is_refused_before_python_gives_up() -> None:
    assert decode(Tree, TREE | {"anything": nested(DEEPEST - 1)}, "a.json").anything == nested(DEEPEST - 1)
    with pytest.raises(Mismatch, match="is nested more than 20 levels deep"):
        decode(Tree, TREE | {"anything": nested(DEEPEST)}, "a.json")
    for text in ("[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000):
        with pytest.raises(Mismatch, match="is not JSON"):
            parse(text, "a.json")


@given(st.integers(0, len(json.dumps(TREE)) - 1))
def test_a_file_cut_short_is_told(length: int) -> None:
    with pytest.raises(Mismatch, match="is not JSON"):
        parse(json.dumps(TREE)[:length], "a.json")


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(Mismatch, match="is not JSON"):
        parse(b'{"a": "\xff"}', "a.json")


def test_a_type_that_is_not_known_is_a_bug() -> None:
    @dataclass(frozen=True)
    class Odd:
        data: bytes

    with pytest.raises(TypeError, match="not a type that typed_json knows"):
        decode(Odd, {"data": "a"}, "a.json")


REFUSED = {
    "a key twice": (b'{"a": 1, "b": 2, "a": 3}', "has 'a' twice"),
    "half a pair": (rb'["\ud800"]', "surrogates not allowed"),
    "a zero": (rb'["a\u0000b"]', "zero character"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "can't decode"),
    "many values": (b"[" + b"1," * 3_000_001 + b"1]", "more than 3,000,000 values"),
    "long number": (b"1" * 5000, "is not JSON"),
    "deep": (b"[" * 200_000, "nested too deep"),
    "nothing": (b"", "is not JSON"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=list(REFUSED))
def test_texts_that_are_refused(text: bytes, said: str) -> None:
    with pytest.raises(Mismatch, match=said):
        parse(text, "a.json")


def test_a_byte_order_mark_and_names_that_are_not_utf8_are_read() -> None:
    assert parse(b"\xef\xbb\xbf" + rb'{"a": "\udcff\ud83d\ude00"}', "a.json") == {"a": "\udcff\U0001f600"}


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**400])
def test_whole_numbers_have_64_bits(number: int) -> None:
    for name in ("lambda", "anything"):
        with pytest.raises(Mismatch, match="64 bits"):
            decode(Tree, TREE | {name: number}, "a.json")
