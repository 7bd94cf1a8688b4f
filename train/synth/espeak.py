"""eSpeak NG, bound in-process: which voices there are, and words spoken by them.

eSpeak keeps its state in globals that no call resets (phases of the wave and of the
flutter), so two calls in a row differ. A fresh process with ``ESPEAK_SEED`` set and the
same calls in the same order gives the same samples; ``fresh_processes`` are for that.

Source:
    espeak-ng 1.52, src/include/espeak-ng/speak_lib.h and docs/voices.md.
"""

import ctypes
import difflib
import functools
import math
import multiprocessing
import os
import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.core.errors import UserError, processes_for
from train.core.processes.children import end_with_parent

RATE_WPM_NORMAL, RATE_WPM_MAX = 175, 450  # speak_lib.h: espeakRATE_NORMAL, espeakRATE_MAXIMUM

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: report an error instead of ending Python
_CHARS_UTF8 = 1
_POS_CHARACTER = 1
_PHONEME_INPUT = 0x100  # espeakPHONEMES: what is in [[ ]] is eSpeak's names of sounds, not text
_MNEMONICS, _PHONEMES_IPA = 0x00, 0x02
_BETWEEN_SOUNDS = ord("_") << 8  # bits 8 to 23 of the phoneme mode
_NO_SOUND = ("", "|", "!")  # before a vowel that begins a word, as in German; IPA writes nothing
_TEXT_FLAGS = _CHARS_UTF8 | _PHONEME_INPUT
_GENDER_FEMALE = 2
_BUFFER_MS = 1000
_ESPEAK_SEED = 1  # any fixed number; the default is the time of day
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4  # espeak_PARAMETER
_VOLUME_PERCENT = 50  # of normal: at 100 a third of the variants clip inside eSpeak

# Variants that no microphone will ever hear from a person, or that are no voice of their own.
_NOT_HUMAN = re.compile(r"robosoft\d*|UniRobot|anikaRobot|announcer|Demonic|fast")
_SCRIPT_SUBTAG = re.compile(r"-[a-z]{4}(-|$)")  # ISO 15924 codes have four letters, as in en-shaw

_OTHER_CODES = {"zh": "cmn", "no": "nb"}  # codes people use for what eSpeak lists under another

_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _Voice(ctypes.Structure):
    """espeak_VOICE; ``languages`` is a priority byte, a code, a zero, and so on."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("_xx1", ctypes.c_ubyte),
        ("_score", ctypes.c_int),
        ("_spare", ctypes.c_void_p),
    )


@dataclass(frozen=True)
class Variant:
    """A timbre that can speak in every accent.

    Attributes:
        name: what eSpeak calls it, as in ``en-us+f3``.
        family: variants that are versions of one another share it; so a family is a speaker.
        female: True for a woman's voice.
    """

    name: str
    family: str
    female: bool


@dataclass(frozen=True)
class Sound:
    """One sound of a word: eSpeak's own name for it, with its stress, and how IPA writes it."""

    mnemonic: str
    ipa: str


@functools.cache
def _initialised() -> tuple[ctypes.CDLL, int]:
    """The shared library, ready, and its sample rate in Hz. One per process: eSpeak cannot be had twice.

    Raises:
        UserError: the wheel is not installed or does not work here.
    """
    try:
        import espeakng_loader  # type: ignore[import-untyped]
    except ImportError as error:
        raise UserError(
            "synthetic speech needs the package espeakng-loader, which is not installed; "
            "install the extra [train], or pass --data with recordings"
        ) from error
    try:
        library = ctypes.CDLL(espeakng_loader.get_library_path())
    except OSError as error:
        raise UserError(f"eSpeak NG of the package espeakng-loader cannot be loaded: {error}") from error
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    data_path = espeakng_loader.get_data_path()
    rate_hz = library.espeak_Initialize(
        _AUDIO_OUTPUT_SYNCHRONOUS, _BUFFER_MS, str(data_path).encode(), _DONT_EXIT
    )
    if rate_hz <= 0:
        raise UserError(f"eSpeak NG cannot use its data in {data_path}; reinstall espeakng-loader")
    library.espeak_SetSynthCallback(_collect)
    # Text to phonemes reads [[ ]] as the last synthesis did.
    library.espeak_Synth(b"a\0", ctypes.c_size_t(2), 0, _POS_CHARACTER, 0, _TEXT_FLAGS, None, None)
    library.espeak_ng_SetRandSeed(ctypes.c_long(_ESPEAK_SEED))
    return library, rate_hz


def _library() -> ctypes.CDLL:
    return _initialised()[0]


_blocks: list[bytes] = []


def _append_block(samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int) -> int:
    if samples and count > 0:
        _blocks.append(ctypes.string_at(samples, 2 * count))
    return 0  # go on


_collect = _SynthCallback(_append_block)  # kept here: the library holds only its address


def fresh_processes(doing: str, count: int | None = None) -> AbstractContextManager[ProcessPoolExecutor]:
    """Processes as a block, a new one for each task: eSpeak starts afresh.

    Args:
        doing: as for ``processes_for``.
        count: that run at the same time; None: one for each core.
    """
    # spawn: a fork would copy TensorFlow's threads. Any number of tasks but 1 can hang: cpython issue 115634.
    context = multiprocessing.get_context("spawn")
    count = count or os.cpu_count() or 1
    pool = ProcessPoolExecutor(count, context, initializer=end_with_parent, max_tasks_per_child=1)
    return processes_for(doing, pool)


def version() -> str:
    """eSpeak NG's version, such as ``1.52.0``."""
    return str(_library().espeak_Info(None).decode())


def sample_rate_hz() -> int:
    """The rate of what ``speak`` returns; fixed by eSpeak's data, 22050 in 1.52."""
    return _initialised()[1]


def _list(languages: bytes | None) -> list[_Voice]:
    wanted = None
    if languages:
        buffer = ctypes.create_string_buffer(languages)
        wanted = ctypes.byref(_Voice(languages=ctypes.addressof(buffer)))
    found = _library().espeak_ListVoices(wanted)
    voices: list[_Voice] = []
    while found[len(voices)]:
        voices.append(found[len(voices)].contents)
    return voices


@functools.cache
def _accent_files() -> dict[str, tuple[str, str]]:
    """Language code → (name, file among eSpeak's data) of every accent, sorted by code."""
    files = {}
    for voice in _list(None):
        code = ctypes.string_at(voice.languages + 1).decode().lower()
        files[code] = voice.name.decode().replace("_", " ").strip(), voice.identifier.decode()
    return dict(sorted(files.items()))


def languages() -> dict[str, str]:
    """Language code → name of every accent that eSpeak speaks, sorted by code."""
    return {code: name for code, (name, _) in _accent_files().items()}


def accents(language: str) -> list[str]:
    """Codes of the accents of a language: ``en`` → en-029, en-gb, …; ``en-us`` → en-us, en-us-nyc.

    Accents that differ in the script they read (en-shaw, cmn-latn-pinyin) count only when
    asked for by their full code.

    Raises:
        UserError: eSpeak does not speak it; the message names the nearest and all codes.
    """
    code = language.lower().replace("_", "-")
    code = _OTHER_CODES.get(code, code)
    known = languages()
    family = [
        known_code
        for known_code in known
        if known_code == code
        or (known_code.startswith(f"{code}-") and not _SCRIPT_SUBTAG.search(known_code[len(code) :]))
    ]
    if family:
        return family
    names: dict[str, str] = {}
    for known_code, name in known.items():  # en-gb: English (Great Britain) → en: English
        names.setdefault(known_code.split("-")[0], re.sub(r" *\(.*", "", name))
    near = [key for key, name in names.items() if code in name.lower() or key == code.split("-")[0]]
    near = near or difflib.get_close_matches(code, names, n=3)
    hint = f"did you mean {' or '.join(f'{key} ({names[key]})' for key in near[:4])}? " if near else ""
    raise UserError(
        f"language {language!r}: eSpeak NG {version()} does not speak it; {hint}it speaks: {', '.join(names)}"
    )


@functools.cache
def variants() -> tuple[Variant, ...]:
    """Every human-like variant, sorted by name."""
    found = []
    for voice in _list(b"variant"):
        name = voice.identifier.decode().removeprefix("!v/")
        if _NOT_HUMAN.fullmatch(name):
            continue
        # f1..f5 and m1..m8 are different people; steph, steph2, steph3 are one.
        family = name if re.fullmatch(r"[fm]\d", name) else name.rstrip("0123456789")
        found.append(Variant(name, family.lower(), voice.gender == _GENDER_FEMALE))
    return tuple(sorted(found, key=lambda variant: variant.name))


def set_voice(accent: str, variant: str | None = None) -> None:
    """Choose who speaks next: an accent of ``accents()``, a name of ``variants()``.

    Raises:
        ValueError: eSpeak does not take it.
    """
    # By file, because by code it does not find all: en-gb is not gmw/en once a variant follows.
    file = _accent_files()[accent][1]
    voice = f"{file}+{variant}" if variant else file
    if _library().espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"eSpeak has no voice {voice!r}")


def speak(
    text: str, rate_wpm: float = RATE_WPM_NORMAL, pitch: float = 50, pitch_range: float = 50
) -> NDArray[np.int16]:
    """A text as spoken by the chosen voice, without the silence around it.

    Args:
        text: any Unicode, or ``spelled`` sounds; a zero character ends it.
        rate_wpm: words per minute, 80 to 450.
        pitch: 0 to 99, of the voice's own base pitch; 50 is normal.
        pitch_range: 0 (monotone) to 99; 50 is normal.
    Returns:
        (samples,) int16 at ``sample_rate_hz()``; empty when there is nothing to say.
    """
    library = _library()
    parameters = ((_RATE, rate_wpm), (_VOLUME, _VOLUME_PERCENT), (_PITCH, pitch), (_RANGE, pitch_range))
    for parameter, value in parameters:
        library.espeak_SetParameter(parameter, round(value), 0)
    _blocks.clear()
    data = text.encode() + b"\0"
    library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, _POS_CHARACTER, 0, _TEXT_FLAGS, None, None)
    return trimmed(np.frombuffer(b"".join(_blocks), dtype=np.int16), sample_rate_hz())


def trimmed(samples: NDArray[np.int16], rate_hz: int) -> NDArray[np.int16]:
    """Samples from 10 ms before the first to 30 ms after the last that is within 46 dB of the loudest.

    eSpeak ends some voices with a long pause, and an echo runs out in near-silence.
    """
    level = np.abs(samples.astype(np.int32))
    loud = np.flatnonzero(level > level.max(initial=0) * 0.005)
    if loud.size == 0:
        return samples[:0]
    return samples[max(0, int(loud[0]) - rate_hz // 100) : int(loud[-1]) + rate_hz * 30 // 1000]


def phonemes(text: str) -> str:
    """How the chosen accent pronounces a text, in IPA: ``no`` and ``know`` are both ``nˈoʊ``."""
    return _phonemes(text, _PHONEMES_IPA)


def sounds(text: str) -> tuple[Sound, ...]:
    """The sounds of a text as the chosen accent pronounces it, those of all its words in a row.

    Returns:
        empty where eSpeak's two ways to write them do not run side by side.
    """
    mnemonics, ipa = (
        [
            sound
            for sound in re.split("[_ ]", _phonemes(text, mode | _BETWEEN_SOUNDS))
            if sound not in _NO_SOUND
        ]
        for mode in (_MNEMONICS, _PHONEMES_IPA)
    )
    if len(mnemonics) != len(ipa):
        return ()
    return tuple(Sound(*pair) for pair in zip(mnemonics, ipa, strict=True))


def spelled(spoken: Sequence[Sound]) -> str:
    """A text that eSpeak says with just these sounds, in whatever accent has them."""
    return f"[[{'|'.join(sound.mnemonic for sound in spoken)}]]"


def _phonemes(text: str, mode: int) -> str:
    data = ctypes.c_char_p(text.encode())
    pronounced = []
    while data.value:  # one clause per call; eSpeak moves the pointer on, to NULL at the end
        clause = _library().espeak_TextToPhonemes(ctypes.byref(data), _CHARS_UTF8, mode)
        pronounced.append(clause.decode().strip() if clause else "")
    return " ".join(pronounced).strip()


def check_speakable(words: Sequence[str], language: str, longest_s: float) -> None:
    """Refuse words that eSpeak says nothing for, or that do not fit in a clip.

    Raises:
        UserError: naming the word, what was found and what to do.
    """
    set_voice(accents(language)[0])
    for word in words:
        duration_s = len(speak(word)) / sample_rate_hz()
        if duration_s < 0.03:
            raise UserError(
                f"word {word!r}: eSpeak NG says nothing for it in language {language!r}; "
                "spell it as it is spoken, or choose the language with --language"
            )
        # People speak up to half again as fast as eSpeak's normal rate.
        if duration_s > 1.5 * longest_s:
            raise UserError(
                f"word {word!r}: takes {duration_s:.1f} s to say, and a clip holds {longest_s:.2f} s; choose "
                f"a shorter one (two to four syllables work best), or longer clips: {_longer(duration_s)}"
            )


def _longer(duration_s: float) -> str:
    """The flag that makes room for a word, with a fifth to spare."""
    return f"--clip-duration-ms {100 * math.ceil(12 * duration_s)}"
