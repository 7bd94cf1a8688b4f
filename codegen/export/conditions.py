"""Takes out of C sources what is for others: conditions whose names are all known are decided."""

import ast
import re
from collections.abc import Mapping

_DIRECTIVE = re.compile(r"\s*#\s*(ifdef|ifndef|if|elif|else|endif)\b(.*)")
_NAME = re.compile(r"[A-Za-z_]\w*")
# What may stand beside code in a source that has none: directives, comments, brackets of options.
_NO_CODE = re.compile(r"\s*(#.*|//.*|KWS_(BEGIN|END)_CODE)?")


def resolve(text: str, known: Mapping[str, int]) -> str:
    """A source without the lines that stand under conditions which do not hold, and without those conditions.

    Conditions with other names than the known ones stay, and what is in them is looked through alike.

    Args:
        known: names that conditions have, 0 or 1; one that #ifdef asks for is defined where it is 1.
    """
    lines = []
    chains: list[_Chain] = []  # those around a line, outermost first
    for line in text.splitlines():
        directive, rest = found.groups() if (found := _DIRECTIVE.match(line)) else ("", "")
        if directive.startswith("if"):
            chains.append(_Chain(_decide(rest, known) if directive != "ifndef" else None))
        elif directive in ("elif", "else"):
            chains[-1].go_on(directive == "else" or _decide(rest, known))
        if all(chain.holds for chain in chains) and not (directive and chains[-1].is_decided):
            lines.append(line)
        if directive == "endif":
            chains.pop()
    return "\n".join(lines) + "\n"


def has_code(text: str) -> bool:
    """Whether a source holds more than comments and directives."""
    return not all(_NO_CODE.fullmatch(line) for line in text.splitlines())


class _Chain:
    """An #if with its #elif and #else: all of them are decided, or all stay."""

    def __init__(self, holds: bool | None) -> None:
        self.is_decided = holds is not None
        self.holds = self._is_over = holds is not False  # one branch at most

    def go_on(self, holds: bool | None) -> None:
        """The next branch."""
        if not self.is_decided:
            return
        assert holds is not None, "an #elif has names that its #if does not have"
        self.holds = holds and not self._is_over
        self._is_over = self._is_over or holds


def _decide(condition: str, known: Mapping[str, int]) -> bool | None:
    """Whether a condition holds; None where it has other names."""
    condition, _, _ = condition.partition("//")
    names = {*_NAME.findall(condition)}
    if not names or not names <= known.keys():
        return None
    python = condition.replace("&&", " and ").replace("||", " or ").replace("!", " not ")
    return _value(ast.parse(python.strip(), mode="eval").body, known)


def _value(node: ast.expr, known: Mapping[str, int]) -> bool:
    match node:
        case ast.Name(name):
            return bool(known[name])
        case ast.UnaryOp(ast.Not(), operand):
            return not _value(operand, known)
        case ast.BoolOp(ast.And(), values):
            return all(_value(value, known) for value in values)
        case ast.BoolOp(ast.Or(), values):
            return any(_value(value, known) for value in values)
    raise ValueError(f"{ast.dump(node)} is no condition of a front end")
