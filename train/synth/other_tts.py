"""Other programs that speak, used beside eSpeak NG where they are installed.

Each is one entry of ``SYNTHESIZERS``, found by its name on PATH. Nothing is fetched. Their voices are
for training alone: few as they are, they would leave a hole in it if some were held out.
"""

import os
import shutil
import tempfile
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import SubprocessError

import numpy as np
from numpy.typing import NDArray

from train.core.processes import children

PIPER_VOICES = "EARSHOT_PIPER_VOICES"  # environment: the folder of Piper's .onnx files
_TIMEOUT_S = 60
_PICO_LANGUAGES = ("en-US", "en-GB", "de-DE", "es-ES", "fr-FR", "it-IT")


@dataclass(frozen=True)
class Synthesizer:
    """A program that speaks.

    Attributes:
        program: its name on PATH.
        voices: language → names of its voices.
        arguments: voice and text and file to write → arguments; the text is on standard input, too.
    """

    program: str
    voices: Callable[[str], Sequence[str]]
    arguments: Callable[[str, str, str], Sequence[str]]


@dataclass(frozen=True)
class ProgramVoice:
    """A voice of a program."""

    program: str
    voice: str

    @property
    def name(self) -> str:
        """Part of file names."""
        return f"{self.program}-{Path(self.voice).stem}"


def _is_english(language: str) -> bool:
    return language.lower().startswith("en")


def _flite_voices(language: str) -> Sequence[str]:
    """What ``flite -lv`` says behind its colon; it speaks English alone."""
    if not _is_english(language):
        return ()
    listed = children.run(["flite", "-lv"], timeout_s=_TIMEOUT_S)
    return listed.stdout.partition(":")[2].split()


def _piper_voices(language: str) -> Sequence[str]:
    """Files such as en_US-amy-medium.onnx."""
    folder = os.environ.get(PIPER_VOICES)
    return sorted(map(str, Path(folder).glob(f"{language.split('-')[0]}_*.onnx"))) if folder else ()


SYNTHESIZERS = (
    Synthesizer("flite", _flite_voices, lambda voice, text, wav: ["-voice", voice, "-t", text, "-o", wav]),
    Synthesizer("piper", _piper_voices, lambda voice, _, wav: ["--model", voice, "--output_file", wav]),
    Synthesizer(
        "pico2wave",
        lambda language: [code for code in _PICO_LANGUAGES if code.lower().startswith(language.lower())],
        lambda voice, text, wav: ["-l", voice, "-w", wav, text],
    ),
    Synthesizer(
        "text2wave",  # of Festival
        lambda language: ["default"] if _is_english(language) else [],
        lambda _voice, _text, wav: ["-o", wav],
    ),
)


def installed_voices(language: str) -> list[ProgramVoice]:
    """Every voice of every program on PATH that speaks the language."""
    found = []
    for synthesizer in SYNTHESIZERS:
        if shutil.which(synthesizer.program):
            try:
                names = synthesizer.voices(language)
            except (OSError, SubprocessError):
                continue  # on PATH, but not the program that it should be
            found += [ProgramVoice(synthesizer.program, name) for name in names]
    return found


def speak(voice: ProgramVoice, text: str) -> tuple[NDArray[np.int16], int] | None:
    """A text as spoken by a voice: (samples,) int16 and their rate in Hz; None where the program fails."""
    synthesizer = next(synthesizer for synthesizer in SYNTHESIZERS if synthesizer.program == voice.program)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "speech.wav")
        command = [synthesizer.program, *synthesizer.arguments(voice.voice, text, file)]
        try:
            children.run(command, text.encode(), timeout_s=_TIMEOUT_S).check_returncode()
            with wave.open(file) as speech:
                if (speech.getnchannels(), speech.getsampwidth()) != (1, 2):
                    return None
                samples = np.frombuffer(speech.readframes(speech.getnframes()), np.int16)
                return samples, speech.getframerate()
        except (OSError, EOFError, wave.Error, SubprocessError):
            return None
