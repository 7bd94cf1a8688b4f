"""What is almost a wanted word: one sound replaced, left out or put in, or a part of a longer word.

They are made of eSpeak's own sounds, so they need no dictionary. None is what somebody's accent makes of the
word: *yez* and *yas* are how some say *yes*, and *compooter* is how some say *computer*.
"""

import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np

from train.synth.espeak import Sound

VOWELS = "aeiouyᵻɑɒæɐəɚɛɜɝɪʊʌɔøœɨʉɯɤɵɘɞʏ"
_VOWEL_KINDS = ("iɪᵻeɛæyøœʏ", "aɐəɜʌɚɝɨɘɵɞʉ", "uʊoɔɑɒɤɯ")  # front, central, back
_VOICING_PAIRS = ("pb", "td", "kɡ", "fv", "sz", "ʃʒ", "θð", "ʧʤ")
_STOPS = "pbtdkɡʔ"  # hardly heard at the end of a word
_WEAK = "hjwɹrʔɾʁʀɻ"  # left out, or slipped in, by many who mean the word
_MARKS = "',"  # before a vowel, in eSpeak's names of sounds: its stress
_FEWEST_SOUNDS = 2  # of a part

# Of the near misses of a word: replaced, left out, put in, parts.
_SHARES = (0.45, 0.2, 0.2, 0.15)
_Word = tuple[Sound, ...]


def near_misses(
    spoken: _Word,
    inventory: Sequence[_Word],
    known: Sequence[_Word],
    rng: np.random.Generator,
    most: int,
) -> list[_Word]:
    """Near misses of a word, of each kind its share; none sounds like a known word.

    Args:
        spoken: the word; empty where eSpeak tells no single sounds.
        inventory: words of the language, whose sounds are put into it.
        known: words that none of them may be.
    """
    if not spoken:
        return []
    all_sounds = sorted({(s.mnemonic.lstrip(_MARKS), _plain(s)) for word in inventory for s in word})
    sounds = [Sound(mnemonic, ipa) for mnemonic, ipa in all_sounds]
    taken = {letters(word) for word in known}
    found: dict[str, _Word] = {}
    kinds = (_replaced(spoken, sounds), _left_out(spoken), _put_in(spoken, sounds), _parts(spoken))
    for share, kind in zip(_SHARES, kinds, strict=True):
        candidates = [near for near in kind if letters(near) not in taken]
        order = rng.permutation(len(candidates))[: round(most * share)]
        found |= {letters(candidates[place]): candidates[place] for place in order}
    return list(found.values())


def is_one_sound_away(one: _Word, other: _Word) -> bool:
    """Whether two words differ by one sound that is another, is missing or is more; stress aside."""
    mine, theirs = [_plain(sound) for sound in one], [_plain(sound) for sound in other]
    if len(mine) > len(theirs):
        mine, theirs = theirs, mine
    if len(theirs) - len(mine) > 1 or mine == theirs or not mine:
        return False
    same = next(
        (n for n, pair in enumerate(zip(mine, theirs, strict=False)) if pair[0] != pair[1]), len(mine)
    )
    rest = same + (len(mine) == len(theirs))
    return mine[rest:] == theirs[same + 1 :]


def letters(spoken: Sequence[Sound]) -> str:
    """IPA without stress and length."""
    return re.sub("[ˈˌː]", "", "".join(sound.ipa for sound in spoken))


def vowel_places(spoken: Sequence[Sound]) -> list[int]:
    """Where the vowels of a word are."""
    return [place for place, sound in enumerate(spoken) if _plain(sound)[0] in VOWELS]


def _replaced(spoken: _Word, sounds: Sequence[Sound]) -> Iterator[_Word]:
    for place, original in enumerate(spoken):
        stress = original.mnemonic[: len(original.mnemonic) - len(original.mnemonic.lstrip(_MARKS))]
        for sound in sounds:
            if _unlike(_plain(original), sound.ipa):
                new = Sound(stress + sound.mnemonic, sound.ipa)
                yield (*spoken[:place], new, *spoken[place + 1 :])


def _left_out(spoken: _Word) -> Iterator[_Word]:
    """The word without one of its consonants that everybody says."""
    for place, sound in enumerate(spoken):
        first = _plain(sound)[0]
        is_last = place == len(spoken) - 1
        if first in VOWELS or first in _WEAK or (is_last and first in _STOPS):
            continue
        if vowel_places(left := (*spoken[:place], *spoken[place + 1 :])):
            yield left


def _put_in(spoken: _Word, sounds: Sequence[Sound]) -> Iterator[_Word]:
    """The word with one more consonant, at an end or beside a vowel."""
    vowels = set(vowel_places(spoken))
    for place in range(len(spoken) + 1):
        beside = {place - 1, place} & set(range(len(spoken)))
        if not (beside & vowels or place in (0, len(spoken))):
            continue
        neighbours = [_plain(spoken[near]) for near in beside]
        for sound in sounds:
            first = sound.ipa[0]
            is_heard = first not in VOWELS and first not in _WEAK
            if place == len(spoken) and not beside & vowels:
                is_heard = is_heard and first not in _STOPS
            if is_heard and all(near[0] in VOWELS or _unlike(near, sound.ipa) for near in neighbours):
                yield (*spoken[:place], sound, *spoken[place:])


def _parts(spoken: _Word) -> Iterator[_Word]:
    """Beginnings and ends of a word of several syllables, cut before a consonant."""
    vowels = vowel_places(spoken)
    for before, behind in itertools.pairwise(vowels):
        cut = max(before + 1, behind - 1)
        for part in (spoken[:cut], spoken[cut:]):
            if len(part) >= _FEWEST_SOUNDS:
                yield part


def _plain(sound: Sound) -> str:
    return sound.ipa.lstrip("ˈˌ")


def _unlike(one: str, other: str) -> bool:
    """Whether two sounds are of one sort, vowels or consonants, and far from each other."""
    one, other = one[0], other[0]
    vowels = one in VOWELS, other in VOWELS
    if all(vowels):
        return not any(one in kind and other in kind for kind in _VOWEL_KINDS)
    return not any(vowels) and one != other and not any({one, other} <= set(pair) for pair in _VOICING_PAIRS)
