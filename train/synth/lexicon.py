"""What synthetic voices say: the wanted words, and everything that is none of them.

A network that hears a real voice for the first time takes what it does not know for *something*;
the more unlike things are unknown, the less of it falls on a wanted word, and the less a wanted
word in a new voice falls on unknown. So unknown is common words, made-up ones and near misses.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from train.core.errors import UserError
from train.synth import espeak
from train.synth.near_words import (
    VOWELS,
    Spoken,
    is_alike,
    is_one_sound_away,
    letters,
    near_misses,
    vowel_places,
)

# Folders that no wanted word can have. Of takes with their parts in another order: train/data/stand_ins.py.
MADE_UP, HALVES, RUNNING, SCRAMBLED = "_made_up_", "_halves_", "_running_", "_scrambled_"
_NEAR = "_like_{}_"
_NEAR_MISSES = 48  # of a word, at most
_MADE_UP_WORDS = 240
_TRIES = 20  # for each of them
_HALVES, _REPLACED_SHARE = 60, 0.8  # of each phrase; another word takes the place of a part
_RUNNING_TEXTS, _RUNNING_WORDS = 400, (4, 8)  # of running speech, of other words in a row

# Languages whose voices also speak the words, with the sounds that they have: a foreign accent.
_FOREIGN = """
af bg bn ca cs cy da de el es et fi fr-fr ga gu hi hr hu id is it ko lt mk mr nb nl pa pl pt pt-br ro
ru sk sl sq sr sv ta te tr uk ur vi
"""
_RHOTICS = str.maketrans(dict.fromkeys("ɾɹʁʀɽ", "r"))

# The words of Speech Commands, then the most common ones of speech, and things of a home.
_ENGLISH_WORDS = """
backward bed bird cat dog down eight five follow forward four go happy house learn left marvin nine
no off on one right seven sheila six stop three tree two up visual wow yes zero
yeah yep yet note now nor snow low oh hello how guess chess dress best start step top shop stuff
light night ride write lift let often of and in under cup gone the what water music table paper
people maybe really okay please about after again all also always animal another answer any apple
around ask away baby back ball bank beach because before big black blue boat book both box boy
bread break bring brother brown build bus but buy by call came can car chair change child church
city class clean clear close cold come computer cook country day deep did different dinner do
door draw drink drive each early earth east easy eat egg end enough even every eye face fall
family far fast father feel few field find fire first fish floor fly food for friend from front
full game garden girl give glass gold good great green group grow hair half hand hard have head
hear heart heavy help her here high hill him home horse hot hour hundred idea inside island job
jump just keep key kind kitchen know lake land large last late laugh leaf leave leg letter life
line listen little live long look love lunch machine make man many map mark me milk minute money
month moon morning mother mountain mouth move much must name near never new next north nothing
number ocean old only open orange other our out over page part pay pen phone picture place plan
plant play point power pull push put question quick quiet rain read ready red rest river road
rock room round run same sand say school sea second see sell send seven shape she ship short show
side simple sing sister sit sleep slow small smile soft some song soon sound south space speak
spring stand star stay still stone story street strong sugar summer sun sure swim take talk
teach tell ten test thank that them there they thing think this thought time tiny today together
told tomorrow took town train travel trip true try turn uncle use very visit voice wait walk wall
want warm was wash watch wave way we week well went west wheel when where which white who why
wide wife wild will wind window winter wish with woman wonder wood word work world would year
yellow yesterday you young your
"""
# The most common words of speech, and things of a home.
_GERMAN_WORDS = """
abend aber acht alle alles alt andere anfang antwort apfel arbeit arm auch auf auge aus auto bad
bahn bald ball baum bei bein beide besser bett bild bin bis bitte blau bleiben blume boden brauchen
breit brief bringen brot bruder buch dach danke dann das dein denken deutsch dick doch dorf dort
draußen drei du dunkel durch dürfen ecke ei eigentlich ein eins eis ende eng er erde erst es essen
etwas euch fahren fallen falsch familie fangen farbe fast fenster fertig fest feuer finden finger
fisch flasche fleisch fliegen frage frau frei fremd freund frisch früh fünf für fuß gabel ganz
garten geben gehen gelb geld genau gern geschichte gestern gesund glas glauben gleich glück grau
groß grün gut haar haben halb hallo hals halten hand hart haus heiß helfen hell hemd herbst herr
heute hier himmel hinten hoch holen holz hören hund hunger ich ihr immer jahr ja jeder jetzt jung
kaffee kalt kann kaufen katze kein keller kennen kind klein kochen kommen kopf krank küche kuchen
kuh kurz lachen land lang langsam laufen laut leben leer leicht leise lernen lesen letzte leute
licht lieb liegen links löffel luft machen mädchen mal man mann markt maus meer mehr mein meinen
mensch messer milch minute mit mittag mitte monat morgen müde mund musik müssen mutter nach nacht
nah name nase nass natürlich neben nehmen nein neu neun nicht nichts nie noch nun nur ob oben obst
oder oft ohne ohr onkel ort papier paar person pferd platz preis problem punkt rad rechnen recht
rechts regen reich reise richtig ring rock rot rufen ruhig rund sache sagen salz sand satz schaf
schiff schlafen schlecht schließen schlüssel schnee schnell schön schon schrank schreiben schuh
schule schwarz schwer schwester sechs see sehen sehr sein seit seite selbst sie sieben singen sitzen
so sohn sollen sommer sonne sonst spaß spät spiel sprechen stadt stark stehen stein stelle stern
still straße stück stuhl stunde suchen süß tag tante tasche tasse teil teller teuer tier tisch
tochter tragen treffen treppe trinken tun tür über uhr um und uns unten unter vater vergessen
verstehen viel vielleicht vier vogel voll von vor wagen wahr wald wand wann warm warten warum was
waschen wasser weg weich weil wein weiß weit welche wenig wenn wer werden wetter wichtig wie wieder
wind winter wir wissen wo woche wohnen wollen wort wunder zahl zahn zehn zeigen zeit zeitung ziehen
zimmer zu zucker zug zusammen zwei zwischen
"""
_COMMON_WORDS = {"en": _ENGLISH_WORDS, "de": _GERMAN_WORDS}
# eSpeak says numbers and letters in every language it speaks.
_NUMBERS_AND_LETTERS = [*map(str, range(21)), *map(str, range(30, 101, 10)), *"abcdefghijklmnopqrstuvwxyz"]


@dataclass(frozen=True)
class Utterance:
    """One thing to say: as text in the language's own accents, by its sounds in foreign ones."""

    text: str
    spelled: str
    foreign_accents: tuple[str, ...]


def wanted(words: Sequence[str], accents: Sequence[str]) -> dict[str, list[Utterance]]:
    """Each word as it is said."""
    espeak.set_voice(accents[0])
    spoken = {word: (word, espeak.sounds(word)) for word in words}
    said = _utterances(list(spoken.values()), accents)
    return {word: [utterance] for word, utterance in zip(words, said, strict=True)}


def unknown(
    words: Sequence[str],
    accents: Sequence[str],
    asked: Sequence[str] | None,
    seed: int,
    longest_s: float,
    kept: Callable[[Sequence[str]], Sequence[str]] = list,
    with_running: bool = False,
) -> dict[str, list[Utterance]]:
    """Folder → what is said in it: other words, none that sounds like a wanted one.

    Args:
        words: the wanted ones.
        accents: of the language.
        asked: words to take instead of the common ones, of made-up ones and of near misses.
        longest_s: others that take longer at a normal pace are left out.
        kept: of the folders that there could be, those that there will be.
        with_running: also several of them in a row, of which a clip has room for a part.
    Raises:
        UserError: nothing is left.
    """
    common = _common(words, accents, asked, longest_s)
    if not common:
        raise UserError("no unknown word is left beside the wanted ones; name some that sound different")
    folders: dict[str, list[tuple[str, Spoken]]]
    folders = {word: [(word, spoken)] for word, spoken in common.items()}
    if asked is None:
        rng = np.random.default_rng([seed, len(words)])
        known = [espeak.sounds(word) for word in words]
        inventory = [spoken for spoken in common.values() if spoken]
        if inventory:  # eSpeak tells no single sounds of some languages, such as Mandarin
            folders[MADE_UP] = [(espeak.spelled(s), s) for s in _made_up(inventory, known, rng)]
        for word in words:
            near_it = near_misses(word, words, accents, inventory, rng, _NEAR_MISSES)
            missed = [(espeak.spelled(s), s) for s in near_it]
            folders |= {near(word): missed} if missed else {}
        if halves := _halves(words, common, np.random.default_rng([seed, len(words), 1])):
            folders[HALVES] = [(text, espeak.sounds(text)) for text in halves]
        if with_running:
            folders[RUNNING] = [(text, ()) for text in _running(list(common), folders.get(MADE_UP, []), rng)]
    folders = {folder: folders[folder] for folder in kept(list(folders))}
    said = iter(_utterances([entry for entries in folders.values() for entry in entries], accents))
    return {folder: [next(said) for _ in entries] for folder, entries in folders.items()}


def close_to(words: Sequence[str], folders: Sequence[str], accents: Sequence[str]) -> set[str]:
    """The folders of common words that are one sound away from a wanted one, as *yet* is from *yes*."""
    espeak.set_voice(accents[0])
    known = [espeak.sounds(word) for word in words]
    common = (folder for folder in folders if not is_made_for_training(folder))
    return {other for other in common if any(is_one_sound_away(espeak.sounds(other), word) for word in known)}


def _halves(words: Sequence[str], common: Mapping[str, Spoken], rng: np.random.Generator) -> list[str]:
    """Phrases of which a part is missing, or another word, or that of another phrase.

    Who says a half of a phrase must not set it off, and no other negative teaches that.
    """
    phrases = [word.split() for word in words if len(word.split()) > 1]
    others = [*common, *(part for phrase in phrases for part in phrase)]
    wanted = {espeak.phonemes(word) for word in words}
    found: dict[str, str] = {}
    for phrase in phrases:
        for _ in range(_HALVES):
            place = int(rng.integers(len(phrase)))
            instead = [others[int(rng.integers(len(others)))]] if rng.random() < _REPLACED_SHARE else []
            text = " ".join([*phrase[:place], *instead, *phrase[place + 1 :]])
            if (said := espeak.phonemes(text)) not in wanted:
                found.setdefault(said, text)
    return list(found.values())


def _running(
    common: Sequence[str], made_up: Sequence[tuple[str, Spoken]], rng: np.random.Generator
) -> list[str]:
    """Texts of common and of made-up words, half and half: all that can follow all else in speech."""
    texts = []
    for _ in range(_RUNNING_TEXTS):
        count = int(rng.integers(*_RUNNING_WORDS, endpoint=True))
        is_common = rng.random(count) < 0.5 if made_up else np.ones(count, bool)
        texts.append(
            " ".join(
                common[int(rng.integers(len(common)))]
                if known
                else made_up[int(rng.integers(len(made_up)))][0]
                for known in is_common
            )
        )
    return texts


def is_made_for_training(folder: str) -> bool:
    """Whether a folder of unknown words is for training alone: made-up words, near misses, scrambled
    takes, halves of phrases, running speech.

    Folders of strangers may begin with _, too, such as _unknown_.
    """
    return is_made_up(folder) or folder in (HALVES, RUNNING)


def is_made_up(folder: str) -> bool:
    """Whether a folder of unknown words holds sounds that are no words: near misses, made-up words,
    scrambled takes.
    """
    before, behind = _NEAR.split("{}")
    is_near = folder.startswith(before) and folder.endswith(behind)
    return is_near or folder in (MADE_UP, SCRAMBLED)


def near(word: str) -> str:
    """The folder of near misses of a word."""
    return _NEAR.format(word)


def _common(
    words: Sequence[str], accents: Sequence[str], asked: Sequence[str] | None, longest_s: float
) -> dict[str, Spoken]:
    """Unknown words, each once, with their sounds."""
    if asked is None:
        words_of_language = _COMMON_WORDS.get(accents[0].split("-")[0], "")
        asked = words_of_language.split() or _NUMBERS_AND_LETTERS
    # The parts of a phrase must not set it off.
    parts = [part for word in words if len(word.split()) > 1 for part in word.split()]
    espeak.set_voice(accents[0])
    wanted_phonemes = {espeak.phonemes(word) for word in words}
    limit = longest_s * espeak.sample_rate_hz()
    return {
        word: espeak.sounds(word)
        for word in dict.fromkeys([*parts, *asked])
        if word not in words
        and espeak.phonemes(word) not in wanted_phonemes
        and 0 < len(espeak.speak(word)) <= limit
    }


def _utterances(spoken: Sequence[tuple[str, Spoken]], accents: Sequence[str]) -> list[Utterance]:
    """Texts and their sounds, with the foreign accents that have all of the sounds."""
    language = accents[0].split("-")[0]
    espeak.set_voice(accents[0])
    spelled = [espeak.spelled(sounds) if sounds else "" for _, sounds in spoken]
    skeletons = [_skeleton(espeak.phonemes(text)) for text in spelled]
    able: list[list[str]] = [[] for _ in spoken]
    for accent in _FOREIGN.split():
        if accent.split("-")[0] == language:
            continue
        espeak.set_voice(accent)
        for place, text in enumerate(spelled):
            if text and _skeleton(espeak.phonemes(text)) == skeletons[place]:
                able[place].append(accent)
    return [
        Utterance(text, sounds, tuple(foreign))
        for (text, _), sounds, foreign in zip(spoken, spelled, able, strict=True)
    ]


def _skeleton(ipa: str) -> str:
    """Consonants and places of vowels: what an accent keeps of a word. ``nˈoʊ`` → ``nV``."""
    letters = "".join(letter for letter in ipa if unicodedata.category(letter) == "Ll")
    return re.sub(f"[{VOWELS}]+", "V", letters.translate(_RHOTICS))


def _made_up(inventory: Sequence[Spoken], known: Sequence[Spoken], rng: np.random.Generator) -> list[Spoken]:
    """The beginning of a common word and the end of another; what is alike a known word is left out."""
    taken = {letters(word) for word in inventory}
    found: dict[str, Spoken] = {}
    for _ in range(_MADE_UP_WORDS * _TRIES):
        if len(found) == _MADE_UP_WORDS:
            break
        first, second = (inventory[place] for place in rng.integers(len(inventory), size=2))
        before, behind = ((vowel_places(word) or [0])[0] for word in (first, second))
        new = (*first[:before], *second[behind:])
        if new and letters(new) not in taken and not any(is_alike(new, word) for word in known):
            found.setdefault(letters(new), new)
    return list(found.values())
