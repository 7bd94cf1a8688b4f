"""JSON files with something else in them than their writer wrote."""

import copy
import json
import random
from typing import Any

_VALUES = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        1e308,
        -1e308,
        1e-320,
        10**400,
        -(10**400),
        1 << 31,
        1 << 63,
        -(1 << 63),
    ),
    *(
        "",
        " ",
        "\0",
        "\n",
        "\x1b[2J",
        "a\nerror: forged",
        "\ud800",
        "\udcff",
        "\u202e",
        "x" * 10_000,
        "=1+1",
        "-o",
    ),
    *(
        "/tmp/evil",
        "../../evil",
        "~",
        "C:\\evil",
        "$(id)",
        "%s%n",
        "<script>alert(1)</script>",
        "{{ 7 * 7 }}",
        "NaN",
    ),
    *([], {}, [[]], [None], {"": 0}, {"a": {"b": {}}}, [1, "2", None], {"__class__": "os.system"}),
)
_CONSTANTS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-0",
    "9" * 5000,
    "0x10",
    "tru",
    "'a'",
    '"\\ud800"',
    '"\t"',
)


def damaged(seed: int, text: str) -> bytes:
    """What a seed makes of a JSON text."""
    chance = random.Random(seed)
    content = json.loads(text)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        content = _changed(content, chance)
    text = json.dumps(content)
    match chance.randrange(12):
        case 0:  # a number that is none, or that no number can hold
            places = [
                place for place in range(len(text)) if text[place].isdigit() and text[place - 1] in " ["
            ]
            if places:
                place = chance.choice(places)
                text = text[:place] + chance.choice(_CONSTANTS) + text[place + 1 :]
        case 1:  # a key twice
            text = text.replace("{", '{"version": ' + json.dumps(chance.choice(_VALUES[:12])) + ", ", 1)
        case 2:
            depth = chance.choice((30, 2000, 100_000))
            text = chance.choice(
                ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth)
            )
        case 3:
            text = text[: chance.randrange(len(text))]
    data = text.encode("utf-8", "surrogatepass")
    match chance.randrange(12):
        case 0 if data:
            place = chance.randrange(len(data))
            data = data[:place] + chance.randbytes(chance.choice((0, 1, 3))) + data[place + 1 :]
        case 1:
            data = chance.choice(
                (b"\xef\xbb\xbf" + data, data.decode(errors="replace").encode("utf-16"), b"", b"\0" * 9)
            )
    return data


def _changed(content: Any, chance: random.Random) -> Any:
    """A copy in which something deep inside is other."""
    content = copy.deepcopy(content)
    parent: Any = [content]
    root, key = parent, 0
    while isinstance(parent[key], dict | list) and parent[key] and chance.random() < 0.85:
        parent = parent[key]
        key = chance.choice(list(parent)) if isinstance(parent, dict) else chance.randrange(len(parent))
    match chance.randrange(7):
        case 0 if parent is not root:
            del parent[key]
        case 1 if isinstance(parent, list) and parent is not root:
            parent.extend([parent[key]] * chance.choice((1, 3, 300)))
        case 2 if isinstance(parent, dict):
            parent[chance.choice(("", "x", "\x1b", "version", "\ud800"))] = parent[key]
        case 3 if isinstance(parent[key], int | float):
            number = parent[key]
            parent[key] = chance.choice(
                (-number, number + 1, number * 1000, number % 1000 + 0.5, str(number), not number)
            )
        case 4 if isinstance(parent[key], str):
            parent[key] = chance.choice(
                ("", parent[key] * 2, parent[key].upper(), "../" + parent[key], parent[key] + "\n")
            )
        case _:
            parent[key] = chance.choice(_VALUES)
    return root[0]
