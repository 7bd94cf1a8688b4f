"""Other speech programs, stood in for by scripts on PATH: found, asked, and done without when they fail."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("espeakng_loader", reason="the wheel espeakng-loader is not installed")
pytest.importorskip("soxr", reason="soxr is not installed")

from train.audio.wav import encode_wav
from train.synth import generate, other_tts
from train.synth.other_tts import ProgramVoice

FLITE = """
import sys
if sys.argv[1:] == ["-lv"]:
    print("Voices available: kal slt")
else:
    voice, text, file = sys.argv[2::2]
    tone = open(__file__ + ".wav", "rb").read()
    open(file, "wb").write(tone)
    open(__file__ + ".log", "a").write(f"{voice} {text}\\n")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """``install(name, script)``: a program on PATH, and none of the real ones."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv(other_tts.PIPER_VOICES, raising=False)

    def install(name: str, script: str) -> Path:
        program = folder / name
        program.write_text(f"#!{sys.executable}\n{script}")
        program.chmod(0o755)
        tone = 8000 * np.sin(np.arange(4000) * 0.2)
        (folder / f"{name}.wav").write_bytes(encode_wav(tone.astype(np.int16), 8000))
        return program

    return install


def test_nothing_is_installed(install):
    assert other_tts.installed_voices("en") == []


def test_flite_is_asked_for_its_voices_and_speaks_english_alone(install):
    install("flite", FLITE)
    assert [voice.name for voice in other_tts.installed_voices("en-gb")] == ["flite-kal", "flite-slt"]
    assert other_tts.installed_voices("de") == []


def test_pico_speaks_the_accents_of_the_language(install):
    install("pico2wave", "")
    assert [voice.voice for voice in other_tts.installed_voices("en")] == ["en-US", "en-GB"]
    assert [voice.voice for voice in other_tts.installed_voices("de")] == ["de-DE"]


def test_piper_needs_a_folder_of_voices(install, tmp_path, monkeypatch):
    install("piper", "")
    assert other_tts.installed_voices("en") == []
    (tmp_path / "en_US-amy-medium.onnx").touch()
    (tmp_path / "de_DE-eva-low.onnx").touch()
    monkeypatch.setenv(other_tts.PIPER_VOICES, str(tmp_path))
    assert [voice.name for voice in other_tts.installed_voices("en-us")] == ["piper-en_US-amy-medium"]


def test_a_program_speaks(install):
    install("flite", FLITE)
    samples, rate_hz = other_tts.speak(ProgramVoice("flite", "kal"), "yes")
    assert (len(samples), samples.dtype, rate_hz) == (4000, np.int16, 8000)


@pytest.mark.parametrize(
    "script", ["raise SystemExit(1)", "", "open(__import__('sys').argv[-1], 'w').write('x')"]
)
def test_a_program_that_fails_is_done_without(install, script):
    install("flite", script)
    assert other_tts.speak(ProgramVoice("flite", "kal"), "yes") is None
    assert other_tts.speak(ProgramVoice("piper", "gone"), "yes") is None


@pytest.mark.slow
def test_its_clips_are_for_training_and_it_says_so(install, tmp_path, capsys, monkeypatch):
    program = install("flite", FLITE)
    settings = {"seed": 1, "clips_per_word": 40, "unknown_words": ["cat", "tree"], "unknown_clips": 40}
    corpus = generate.generate(["no"], tmp_path, processes=1, **settings)
    assert "speaking beside eSpeak NG: flite-kal, flite-slt" in capsys.readouterr().err
    made = sorted(path.name for path in (corpus / "no").glob("flite-*"))
    assert made == [f"flite-{voice}_nohash_{n}.wav" for voice in ("kal", "slt") for n in range(4)]
    contents = {(corpus / "no" / name).read_bytes() for name in made}
    assert len(contents) == len(made)  # one spoken word, recorded in many ways
    held_out = (corpus / "testing_list.txt").read_text() + (corpus / "validation_list.txt").read_text()
    assert "flite" not in held_out
    spoken = Path(f"{program}.log").read_text().splitlines()
    assert sorted(spoken) == sorted(f"{v} {w}" for v in ("kal", "slt") for w in ("no", "cat", "tree"))

    class Begun(Exception):
        """Another corpus is to be spoken: the one that is there would have been returned."""

    def speak_all(clips, *_: object) -> None:
        assert {clip.program for clip in clips} == {None}
        raise Begun

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(generate, "_speak_all", speak_all)
    with pytest.raises(Begun):
        generate.generate(["no"], tmp_path, processes=1, **settings)
