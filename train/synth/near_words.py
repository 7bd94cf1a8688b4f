"""What is almost a wanted word: one sound replaced, left out or put in, or a part of a longer word.

They are made of eSpeak's own sounds, so they need no dictionary. None is what somebody's accent makes of a
wanted word: *yez* and *yas* are how some say *yes*, and *compooter* is how some say *computer*.
"""

import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np

from train.synth import espeak
from train.synth.espeak import Sound

VOWELS = "aeiouyᵻɑɒæɐəɚɛɜɝɪʊʌɔøœɨʉɯɤɵɘɞʏ"
# Sounds of a group stand for one another in some accent: vowels in front, in the middle and at the back of
# the mouth, each with the weak one; consonants with and without voice; those that learners mix up.
_ALIKE = (
    *("iɪᵻeɛæyøœʏə", "aɐəɜʌɚɝɨɘɵɞʉ", "uʊoɔɑɒɤɯə"),
    *("pb", "tdɾ", "kɡx", "fvw", "bv", "szʃʒ", "nŋ", "lɹrɾʁʀɻ", "θf", "θt", "θs", "ðd", "ðz", "ðv"),
)
_WEAK = "hjɹrʔʁʀɻ"  # left out, or slipped in, by many who mean the word
_STOPS = "pbtdkɡʔ"  # hardly heard at the end of a word
_MARKS = "',"  # before a vowel, in eSpeak's names of sounds: its stress
_FEWEST_SOUNDS = 2  # of a part

# Of the near misses of a word: replaced, left out, put in, parts.
_SHARES = (0.45, 0.2, 0.2, 0.15)
Spoken = tuple[Sound, ...]


def near_misses(
    word: str,
    words: Sequence[str],
    accents: Sequence[str],
    inventory: Sequence[Spoken],
    rng: np.random.Generator,
    most: int,
) -> list[Spoken]:
    """Near misses of a word, each kind its share; none sounds like one of the words, whoever says both.

    Args:
        word: one of the words.
        words: all that are wanted.
        accents: of the language; the first tells the sounds, and speaks next.
        inventory: words of the language, whose sounds go into this one. None of them is a near miss.
    Returns:
        at most about ``most``; none where eSpeak tells no single sounds, or where a word has too few.
    """
    espeak.set_voice(accents[0])
    spoken = espeak.sounds(word)
    if not spoken:
        return []
    plain = sorted({(s.mnemonic.lstrip(_MARKS), _plain(s)) for other in inventory for s in other})
    sounds = [Sound(*names) for names in plain]
    usual = set().union(*map(_neighbours, (spoken, *inventory)))
    taken = {letters(other) for other in inventory}
    kinds = (_replaced(spoken, sounds), _left_out(spoken), _put_in(spoken, sounds), _parts(spoken))
    found: list[Spoken] = []
    for share, kind in zip(_SHARES, kinds, strict=True):
        candidates = {letters(near): near for near in kind if _neighbours(near) <= usual}
        names = [name for name in candidates if name not in taken]
        taken |= candidates.keys()
        order = rng.permutation(len(names))[: round(most * share)]
        found += [candidates[names[place]] for place in order]
    return _without_the_wanted(found, words, accents)


def _neighbours(spoken: Spoken) -> set[tuple[str, ...]]:
    """Sounds beside each other, and those that begin and end it up to a vowel: what its language can say."""
    names = ["", *(_plain(sound) for sound in spoken), ""]
    vowels = vowel_places(spoken) or [0]
    return {*itertools.pairwise(names), tuple(names[: vowels[0] + 1]), tuple(names[vowels[-1] + 2 :])}


def is_one_sound_away(one: Spoken, other: Spoken) -> bool:
    """Whether two words differ by one sound that is another, is missing or is more; stress aside."""
    mine, theirs = sorted(([_plain(sound) for sound in word] for word in (one, other)), key=len)
    if len(theirs) - len(mine) > 1 or mine == theirs or not mine:
        return False
    same = next((n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), len(mine))
    rest = same + (len(mine) == len(theirs))
    return mine[rest:] == theirs[same + 1 :]


def is_alike(one: Spoken, other: Spoken) -> bool:
    """Whether an accent could make one of the other: sound by sound, or without those that are weak."""
    mine, theirs = ([_plain(sound)[0] for sound in word] for word in (one, other))
    strong = tuple([first for first in word if first not in _WEAK] for word in (mine, theirs))
    return any(len(a) == len(b) and all(map(_is_alike_sound, a, b)) for a, b in ((mine, theirs), strong))


def letters(spoken: Spoken) -> str:
    """IPA without stress and length."""
    return re.sub("[ˈˌː]", "", "".join(sound.ipa for sound in spoken))


def vowel_places(spoken: Spoken) -> list[int]:
    """Where the vowels of a word are."""
    return [place for place, sound in enumerate(spoken) if _plain(sound)[0] in VOWELS]


def _without_the_wanted(
    found: Sequence[Spoken], words: Sequence[str], accents: Sequence[str]
) -> list[Spoken]:
    """Those that in no accent are alike a wanted word, as any accent says that."""
    wanted: set[Spoken] = set()
    said: list[set[Spoken]] = [set() for _ in found]
    for accent in reversed(accents):
        espeak.set_voice(accent)
        wanted |= {espeak.sounds(word) for word in words}
        for forms, near in zip(said, found, strict=True):
            forms.add(espeak.sounds(espeak.spelled(near)))
    return [
        near
        for near, forms in zip(found, said, strict=True)
        if not any(is_alike(*pair) for pair in itertools.product(forms, wanted))
    ]


def _replaced(spoken: Spoken, sounds: Sequence[Sound]) -> Iterator[Spoken]:
    """One sound is quite another one of its sort, vowel or consonant."""
    for place, original in enumerate(spoken):
        stress = original.mnemonic[: len(original.mnemonic) - len(original.mnemonic.lstrip(_MARKS))]
        for sound in sounds:
            first, new = _plain(original)[0], sound.ipa[0]
            if (first in VOWELS) == (new in VOWELS) and not _is_alike_sound(first, new):
                yield (*spoken[:place], Sound(stress + sound.mnemonic, sound.ipa), *spoken[place + 1 :])


def _left_out(spoken: Spoken) -> Iterator[Spoken]:
    """The word without one of its consonants that everybody says."""
    for place, sound in enumerate(spoken):
        is_last_stop = place == len(spoken) - 1 and _plain(sound)[0] in _STOPS
        left = (*spoken[:place], *spoken[place + 1 :])
        if _is_strong_consonant(sound) and not is_last_stop and vowel_places(left):
            yield left


def _put_in(spoken: Spoken, sounds: Sequence[Sound]) -> Iterator[Spoken]:
    """The word with one more consonant, at an end or beside a vowel."""
    vowels = set(vowel_places(spoken))
    for place in range(len(spoken) + 1):
        beside = {place - 1, place} & set(range(len(spoken)))
        is_end = place == len(spoken)
        if not (beside & vowels or place == 0 or is_end):
            continue
        for sound in filter(_is_strong_consonant, sounds):
            is_lost = is_end and not beside & vowels and sound.ipa[0] in _STOPS
            if not is_lost and not any(_is_alike_sound(_plain(spoken[n])[0], sound.ipa[0]) for n in beside):
                yield (*spoken[:place], sound, *spoken[place:])


def _parts(spoken: Spoken) -> Iterator[Spoken]:
    """Beginnings and ends of a word of several syllables, cut before a consonant."""
    for before, behind in itertools.pairwise(vowel_places(spoken)):
        cut = max(before + 1, behind - 1)
        yield from (part for part in (spoken[:cut], spoken[cut:]) if len(part) >= _FEWEST_SOUNDS)


def _is_strong_consonant(sound: Sound) -> bool:
    first = _plain(sound)[0]
    return first not in VOWELS and first not in _WEAK and first != "w"


def _is_alike_sound(one: str, other: str) -> bool:
    """By the first letters of their IPA."""
    return one == other or any(one in group and other in group for group in _ALIKE)


def _plain(sound: Sound) -> str:
    return sound.ipa.lstrip("ˈˌ")
