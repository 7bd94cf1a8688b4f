"""Which words a network may be trained on, as ``--words`` names them."""

from collections.abc import Sequence

from train.core.errors import UserError
from train.core.layout import as_seen, fault_of_word, word_name

_TAKEN = ("silence", "unknown")  # so do submissions call these two


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
