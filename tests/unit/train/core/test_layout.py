"""What words are called as folders, and back."""

import re

import pytest

from train.core.layout import folder_name, folder_text


@pytest.mark.parametrize(
    ("word", "folder"),
    [
        ("yes", "yes"),
        ("höre zu", "höre zu"),
        ("a:b", "a%3Ab"),
        ('what? "no" <x> | *', "what%3F %22no%22 %3Cx%3E %7C %2A"),
        ("mr.", "mr%2E"),
        ("don't", "don't"),
        ("con", "%63on"),
        ("Con", "%43on"),
        ("com1.x", "%63om1.x"),
        ("console", "console"),
        ("50%", "50%"),
        ("100%25", "100%2525"),
        ("%3A", "%253A"),
        ("%zz", "%zz"),
    ],
)
def test_words_as_folders_of_any_system(word, folder):
    assert folder_name(word) == folder
    assert folder_text(folder) == word
    assert not re.search(r'[<>:"|?*]|[. ]$', folder)
