"""Words that a network may be trained on, and why others are refused."""

import pytest

from train.core.errors import UserError
from train.settings.words import parse_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("yes", ("yes",)),
        ("yes,no", ("yes", "no")),
        ("no,yes", ("no", "yes")),  # order is the order of the outputs
        (" Yes , NO ", ("yes", "no")),
        ("größe,día", ("größe", "día")),
        ("turn on,off", ("turn on", "off")),
        ("don't,да,開始,می\u200cخواهم", ("don't", "да", "開始", "می\u200cخواهم")),
        (" Hey  \tRobot\n,off", ("hey robot", "off")),
    ],
)
def test_parse_words(text, words):
    assert parse_words(text) == words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is an empty word"),
        ("yes,", "there is an empty word"),
        ("yes,,no", "there is an empty word"),
        ("yes, ,no", "there is an empty word"),
        ("yes,no,Yes", "yes named more than once"),
        ("_silence_", "'_silence_' cannot be a word"),
        ("_background_noise_", "cannot be a word"),
        ("..", "cannot be a word"),
        ("a/b", "cannot be a word"),
        ("a\\b", "cannot be a word"),
        ("a\x1b[31m", "characters that cannot be seen"),
        ("\udcff", "characters that cannot be seen"),
        ("長" * 34, "takes 102 bytes of UTF-8, expected at most 100"),
    ],
)
def test_parse_words_refuses(text, message):
    with pytest.raises(UserError, match=message):
        parse_words(text)
