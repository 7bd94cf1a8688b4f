"""The prefix of a library: what every global symbol, type and macro of it begins with."""

import re
from collections.abc import Iterable

from codegen.cformat import identifiers
from train.core.errors import UserError

IN_THE_TREE = "kws"  # what the sources begin with here
_LONGEST = 24  # characters of a prefix that is made from words, so that names stay readable
_MOST = 31  # characters of one that is asked for
_FORM = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")  # two underscores are reserved in C++

# Each prefix is also the name of a header, and of a target or package in build systems.
_KEYWORDS = (
    " alignas alignof and asm auto bitand bitor bool break case catch char class compl concept const "
    "consteval constexpr constinit continue decltype default delete do double else enum explicit export "
    "extern false float for friend goto if inline int long mutable namespace new noexcept not nullptr "
    "operator or private protected public register reinterpret requires restrict return short signed "
    "sizeof static struct switch template this throw true try typedef typeof typeid typename union "
    "unsigned using virtual void volatile while xor "
)
_HEADERS = (
    " assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign "
    "stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string strings "
    "tgmath threads time uchar unistd wchar wctype arduino pdm "
)
_PROGRAMS = (" example ", " main ")  # files of the formats and of whoever uses them
_TOKEN = re.compile(r"\b(kws|KWS|EARSHOT)_(\w+)")
_WORD = re.compile(r"\b[A-Za-z_]\w*")


def default_prefix(names: Iterable[str]) -> str:
    """A prefix made of names, as many of them as are short enough together: ``yes_no``.

    Args:
        names: words, or one name.
    """
    chosen = ""
    for name in identifiers(names, otherwise="_"):
        longer = f"{chosen}_{name.strip('_')}".strip("_")
        if chosen and len(longer) > _LONGEST:
            break
        chosen = longer
    chosen = chosen[:_LONGEST].strip("_")
    if not chosen:
        return IN_THE_TREE
    return f"{IN_THE_TREE}_{chosen}" if _why_not(chosen) else chosen


def check_prefix(prefix: str) -> None:
    """Make sure that a prefix can stand before every name of a library.

    Raises:
        UserError: it cannot; the message proposes another.
    """
    if reason := _why_not(prefix):
        raise UserError(f"--prefix {prefix}: {reason}; choose one such as {default_prefix([prefix])}")


def rename(texts: dict[str, str], prefix: str) -> dict[str, str]:
    """C sources with the prefix in place of the tree's.

    Raises:
        UserError: a name would become one that the sources have already.
    """

    def renamed(found: re.Match[str]) -> str:
        return f"{prefix if found[1] == IN_THE_TREE else prefix.upper()}_{found[2]}"

    whole = "\n".join(texts.values())
    made = {renamed(found) for found in _TOKEN.finditer(whole)}
    if taken := sorted(made & {*_WORD.findall(_TOKEN.sub("", whole))}):
        raise UserError(
            f"--prefix {prefix}: {taken[0]} is a name in the sources of the library already; choose another, "
            f"such as {IN_THE_TREE}_{prefix}"
        )
    return {name: _TOKEN.sub(renamed, text) for name, text in texts.items()}


def _why_not(prefix: str) -> str:
    """What is wrong with a prefix; empty for nothing."""
    if not _FORM.fullmatch(prefix):
        return "expected lower-case letters, digits and single underscores, first a letter"
    if len(prefix) > _MOST:
        return f"has {len(prefix)} characters, at most {_MOST} leave room for the rest of a name"
    if f" {prefix} " in _KEYWORDS:
        return "is a keyword of C or C++"
    if f" {prefix} " in _HEADERS:
        return f"would name the header {prefix}.h, which compilers and cores bring"
    if f" {prefix} " in _PROGRAMS:
        return f"would name the source {prefix}.c, which is the program's"
    return ""
