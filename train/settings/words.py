"""Which words a network may be trained on, as ``--words`` names them."""

import unicodedata
from collections.abc import Sequence

from train.core.errors import UserError
from train.core.layout import as_seen, word_name

_TAKEN = ("silence", "unknown")  # so do submissions call these two
_LONGEST_WORD_BYTES = 100  # of UTF-8: a word is a part of file names, which may have 255
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}  # controls, bytes that are no UTF-8, separators of lines


def parse_words(text: str) -> tuple[str, ...]:
    """Words of ``--words`` as labels have them (``layout.word_name``), in the order given.

    Raises:
        UserError: none, an empty one, one named twice, or a reserved or unusable name.
    """
    words = tuple(word_name(word) for word in text.split(","))
    if "" in words:
        raise UserError(
            f"--words {text!r}: there is an empty word; expected words with a comma between each two, "
            "such as --words yes,no"
        )
    check_words(words, f"--words {text!r}")
    return words


def check_words(words: Sequence[str], where: str) -> None:
    """Make sure that a network may be trained on words, whoever names them.

    Args:
        where: what the message begins with.
    Raises:
        UserError: one named twice, or a reserved or unusable name.
    """
    for word in words:
        if as_seen(word) in _TAKEN:
            raise UserError(
                f"{where}: {word!r} cannot be a word: every model has a label of that name without "
                "being asked; leave it out (a folder of that name is understood)"
            )
        if fault := fault_of_word(word):
            raise UserError(f"{where}: {word!r} cannot be a word: {fault}")
    seen = [as_seen(word) for word in words]
    if repeated := sorted({word for word in words if seen.count(as_seen(word)) > 1}):
        raise UserError(f"{where}: {', '.join(repeated)} named more than once")


def fault_of_word(word: str) -> str:
    """Why a word cannot be one; "" where it can. Words are folders of clips, file names and texts in C."""
    if word.startswith(("_", ".")) or "/" in word or "\\" in word:
        return (
            "it names a folder of clips, and names with / or \\, or that start with _ or a dot, are reserved"
        )
    if not word or "," in word:
        return "expected a word without commas, which stand between words"
    if any(unicodedata.category(character) in _UNSEEN for character in word):
        return "it has characters that cannot be seen; expected UTF-8 text without control characters"
    if (size := len(word.encode())) > _LONGEST_WORD_BYTES:
        return f"it takes {size} bytes of UTF-8, expected at most {_LONGEST_WORD_BYTES}"
    return ""
