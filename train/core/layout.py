"""What the folders, files and splits of a corpus are called; Speech Commands has them so."""

import unicodedata

TRAINING, VALIDATION, TESTING = "training", "validation", "testing"
SPLITS = (TRAINING, VALIDATION, TESTING)
ALL = "all"  # stands for the three together where a corpus is only evaluated on
BACKGROUND_FOLDER = "_background_noise_"
SPEAKER_END = "_nohash_"  # in the name of a clip, behind the speaker
SPLIT_LISTS = {VALIDATION: "validation_list.txt", TESTING: "testing_list.txt"}

_LONGEST_WORD_BYTES = 100  # of UTF-8: a word is a part of file names, which may have 255
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}  # controls, bytes that are no UTF-8, separators of lines


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
