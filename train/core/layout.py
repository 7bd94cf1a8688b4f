"""What the folders, files and splits of a corpus are called; Speech Commands has them so."""

import re
import unicodedata

TRAINING, VALIDATION, TESTING = "training", "validation", "testing"
SPLITS = (TRAINING, VALIDATION, TESTING)
ALL = "all"  # stands for the three together where a corpus is only evaluated on
BACKGROUND_FOLDER = "_background_noise_"
SPEAKER_END = "_nohash_"  # in the name of a clip, behind the speaker
SPLIT_LISTS = {VALIDATION: "validation_list.txt", TESTING: "testing_list.txt"}
_SUFFIXES = """
.wav .wave .flac .mp3 .ogg .oga .opus .m4a .aac .mp4 .aif .aiff .aifc .au .snd .caf .w64 .rf64 .bwf .voc .sph
.nist .wma .amr .3gp .webm
"""
SOUND_SUFFIXES = tuple(_SUFFIXES.split())
ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz", ".tar", ".zip")
# What systems and file managers leave behind, hidden files aside.
_LITTER = """
thumbs.db ehthumbs.db desktop.ini __macosx @eadir $recycle.bin lost+found
"""
_DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)
}  # of Windows
_LITTER_NAMES = frozenset([*_LITTER.split(), "system volume information"])
_LONGEST_WORD_BYTES = 100  # of UTF-8: a word is a part of file names, which may have 255
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}  # controls, bytes that are no UTF-8, separators of lines


def composed(name: str) -> str:
    """A name with one character for each letter that has one; macOS takes ``ö`` apart."""
    return unicodedata.normalize("NFC", name)


def as_seen(name: str) -> str:
    """A name as it is compared: the same for all that people see as the same, whatever system wrote it.

    On Windows and macOS large and small letters are the same.
    """
    return composed(_with_one_dot(composed(name)).casefold())


def as_spoken(name: str) -> str:
    """``as_seen``, with a space between words, however they are joined: ``Turn_On`` is ``turn on``."""
    return " ".join(re.sub(r"(?<=[^\W_])[_-]+(?=[^\W_])", " ", as_seen(name)).split())


def word_name(text: str) -> str:
    """A word as labels have it: lower case, composed letters, single spaces."""
    return " ".join(composed(_with_one_dot(composed(text)).lower()).split())


def _with_one_dot(text: str) -> str:
    """Its capital ``İ`` as ``i``; else Unicode makes an ``i`` with a second dot of it."""
    return text.replace("İ", "i")


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


def folder_name(word: str) -> str:
    """A word as a folder of any system can be called: what Windows does not take is ``%`` and two digits.

    ``what?`` is ``what%3F``; ``folder_text`` is the way back.
    """
    name = re.sub(r'[<>:"|?*]|%(?=[2-7][0-9A-F])|\.$', lambda match: _escaped(match[0]), word)
    return _escaped(name[0]) + name[1:] if name.partition(".")[0].lower() in _DEVICES else name


def folder_text(folder: str) -> str:
    """What the name of a folder says, with the characters that ``folder_name`` replaced."""
    return re.sub(r"%([2-7][0-9A-F])", lambda match: chr(int(match[1], 16)), folder)


def _escaped(character: str) -> str:
    return f"%{ord(character):02X}"


def is_litter(name: str) -> bool:
    """Whether a file or folder is hidden, or one that systems leave behind: nobody's recording."""
    return name.startswith(".") or name.lower() in _LITTER_NAMES


def natural_order(name: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts ``clip 9`` before ``clip 10``."""
    parts = re.split(r"(\d+)", as_seen(name))  # \d also of other scripts, which int knows
    return tuple((int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts))
