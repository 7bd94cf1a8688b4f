"""Both pages in a browser whose microphone is a WAV; listen.html against the C, compiled here."""

import base64
import ctypes
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import Browser, microphone_of
from report_runs import Page

from codegen.emit import generate
from hil.live.library import compiled_library
from hil.live.model import load_model
from hil.pages import page, wasm
from hil.recording import takes
from train.audio import wav
from train.audio.excerpt import fit_clip
from train.core import runfolder
from train.core.errors import UserError
from train.core.spec import ModelSpec, labels_for
from train.data.archive import extract
from train.data.corpus import read_corpus

WORDS = ("<script>alert(1)<!--", "größe\"'&")  # names that would like to be more
TONE_HZ, BIN = 1500, 8  # bins of 187.5 Hz
POINT = {"window_ms": 300, "suppression_ms": 400, "minimum_count": 2, "suppress_each_word": True}
THRESHOLDS = [90, 70, 60, 60]


def bursts(seconds: float, every_s: float, peak: int = 6000) -> np.ndarray:
    """(samples,) int16: a tone of 0.4 s again and again, in noise."""
    time_s = np.arange(int(16000 * seconds)) / 16000
    envelope = np.clip(20 * (0.2 - np.abs(time_s % every_s - every_s / 2)), 0, 1)
    noise = np.random.default_rng(3).normal(0, 8, len(time_s))
    audio = peak * envelope * np.sin(2 * np.pi * TONE_HZ * time_s) + noise
    return np.rint(audio.clip(-32768, 32767)).astype(np.int16)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_tflite: bytes) -> Path:
    folder = tmp_path_factory.mktemp("run") / "-run, with a name"
    runfolder.write_bytes(folder / runfolder.TFLITE, tiny_tflite)
    runfolder.write_spec(folder, ModelSpec(labels=labels_for(WORDS)), [runfolder.TFLITE])
    runfolder.write_bytes(folder / "clips" / "a.wav", wav.encode_wav(bursts(1, 1), 16000))
    runfolder.write_json(
        folder / "clips" / "clips.json", [{"file": "a.wav", "label": "_silence_", "source": "a"}]
    )
    generate(folder)
    return folder


@pytest.fixture(scope="module")
def listen_page(run: Path) -> Path:
    if not (shutil.which("clang") and shutil.which("wasm-ld")):
        pytest.skip("clang and wasm-ld are not on the PATH")
    return page.write_page(run)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    microphone = folder / "microphone.wav"
    microphone.write_bytes(wav.encode_wav(bursts(6, 1.5), 16000))
    with Browser(folder / "profile", *microphone_of(microphone)) as browser:
        yield browser


class Native:
    """The C library of a run, compiled for this computer."""

    def __init__(self, run: Path) -> None:
        path, stream_bytes = compiled_library(load_model(run))
        self._library = ctypes.CDLL(str(path.resolve()))
        self._library.kws_scores.restype = ctypes.POINTER(ctypes.c_int8)
        self._stream = (ctypes.c_uint64 * (stream_bytes // 8))()

    def hear(self, samples: np.ndarray) -> list[list[int]]:
        """Of each inference: time, scores, label, score, is_new."""
        c, stream, event, results = self._library, self._stream, (ctypes.c_int32 * 4)(), []
        assert c.kws_init(stream) == 0
        point = np.array([*map(int, POINT.values())], "<i4").tobytes() + bytes(THRESHOLDS)
        c.kws_set_point(stream, point)
        for start in range(0, len(samples), 1000):
            piece = samples[start : start + 1000].tobytes()
            assert c.kws_push(stream, piece, len(piece) // 2) == len(piece) // 2
            while c.kws_poll(stream, event):
                results.append([event[0], *c.kws_scores(stream)[: len(THRESHOLDS)], *event[1:]])
        return results


def open_listener(browser: Browser, listen_page: Path) -> None:
    browser.open(listen_page)
    browser.run(
        "globalThis.results = []; addEventListener('earshot', ({detail: it}) => "
        "results.push([it.time_ms, ...it.scores, it.label, it.score, it.is_new]))"
    )
    browser.wait_for("!at('microphone').disabled")
    browser.run(f"setPoint({json.dumps({**POINT, 'thresholds': THRESHOLDS})}), at('aloud').checked = false")


def test_scores_and_detections_are_those_of_the_c(
    browser: Browser, listen_page: Path, run: Path, tmp_path: Path
) -> None:
    samples = np.concatenate([bursts(4, 1.3, 20000), np.random.default_rng(1).integers(-32768, 32768, 9999)])
    (tmp_path / "a.wav").write_bytes(wav.encode_wav(samples.astype(np.int16), 16000))
    open_listener(browser, listen_page)
    browser.choose("#file", tmp_path / "a.wav")
    browser.wait_for("at('status').textContent.includes('played')")
    found = browser.run("results")
    assert found == Native(run).hear(np.pad(samples, (0, 16000)).astype(np.int16))
    detected = [each for each in found if each[-1] and each[-3]]
    assert len(found) == 58  # every 80 ms
    assert 1 < len(detected) < len(found)
    assert browser.run("at('detections').children.length") == len(detected)
    assert not browser.complaints


def test_page_hears_the_microphone(browser: Browser, listen_page: Path) -> None:
    """It is at another rate than the model; the tone has to be where it was said."""
    open_listener(browser, listen_page)
    browser.run("globalThis.sums = new Float64Array(config.bins)")
    browser.run(
        "engine.addEventListener('message', ({data}) => "
        "data.rows?.forEach((value, i) => sums[i % config.bins] += value))"
    )
    browser.run("at('microphone').click()")
    browser.wait_for("results.length >= 5")
    rate_hz = browser.run("microphone.rate")
    assert rate_hz != 16000
    assert browser.run("at('status').textContent") == (
        f"Listening to the microphone at {rate_hz} Hz, converted to 16000 Hz."
    )
    assert np.argmax(browser.run("[...sums]")) == BIN
    browser.run("at('stop').click()")
    assert not browser.complaints


def test_operating_point_can_be_moved_and_taken_over(browser: Browser, listen_page: Path) -> None:
    browser.open(listen_page)
    slider = "document.querySelectorAll('.score input')[1]"
    browser.run(f"{slider}.value = 77; {slider}.oninput()")
    browser.run("at('window_ms').value = 500; at('window_ms').oninput({target: at('window_ms')})")
    assert "    {200, 200, 200, 77}};" in browser.run("at('settings').textContent")
    assert "    500,  // window_ms" in browser.run("at('settings').textContent")
    assert browser.run("at('flags').textContent") == (
        "--threshold '<script>alert(1)<!--=200' --threshold 'größe\"'\\''&=77'"
    )
    browser.run("at('back').click()")
    assert browser.run("[point, at('back').disabled]") == [browser.run("config.point"), True]


def test_page_is_one_file_that_hostile_words_do_not_break(browser: Browser, listen_page: Path) -> None:
    read = Page(listen_page)
    assert read.addresses() == ["data:,"]
    assert sum(tag == "script" for tag, _ in read.tags) == 4
    assert WORDS[0] in read.text
    browser.open(listen_page, width=390, height=844)
    assert browser.run("config.labels") == ["_silence_", "_unknown_", *WORDS]
    assert browser.run("document.documentElement.scrollWidth") == 390
    assert not browser.complaints


@pytest.fixture(scope="module")
def record_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page.write_record_page(
        ["ja", "a: höre zu?"], 1, 16000, tmp_path_factory.mktemp("record") / "record.html"
    )


def test_recorded_zip_is_a_corpus(browser: Browser, record_page: Path, tmp_path: Path) -> None:
    browser.open(record_page, width=390, height=844)
    assert browser.run("document.documentElement.scrollWidth") == 390
    browser.run("at('start').click()")
    assert "Say who you are first" in browser.run("at('status').textContent")
    browser.run("at('speaker').value = ' ../Änne_nohash_ 2 '; at('start').click()")
    browser.wait_for("takes.length === 2")
    browser.wait_for("!microphone")
    browser.run("config.room_s = 1, rooms.set(speakerName(), takes[0].clip)")
    packed = browser.run(
        "new Promise(async done => { const reader = new FileReader(); "
        "reader.onload = () => done(reader.result); reader.readAsDataURL(zip(files())) })"
    )
    (tmp_path / "a.zip").write_bytes(base64.b64decode(packed.partition(",")[2]))
    folder = extract(tmp_path / "a.zip", tmp_path / "cache")
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.wav")) == [
        "_background_noise_/room_Änne-2.wav",
        "a%3A höre zu%3F/Änne-2_nohash_0.wav",
        "ja/Änne-2_nohash_0.wav",
    ]
    corpus = read_corpus(folder, 16000)
    assert not corpus.skipped
    assert set(corpus.words) == {"ja", "a: höre zu?"}
    samples = wav.read_wav(folder / "ja" / "Änne-2_nohash_0.wav", 16000)
    spectrum = np.abs(np.fft.rfft(samples))
    assert 16000 <= len(samples) < 17600  # a take is longer where sound was lost in the word
    assert abs(spectrum.argmax() * 16000 / len(samples) - TONE_HZ) < 5
    loud = np.flatnonzero(np.abs(samples) > 3000)
    assert 500 < loud[0] < loud[-1] < 15500, "all of the word is in it"
    assert not browser.complaints


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda samples: samples * 0, "there is no sound at all"),
        (lambda samples: samples // 100, "it is too quiet"),
        (lambda samples: np.clip(samples * 8, -32768, 32767), "it is clipped"),
        (lambda samples: np.clip(samples * 50, -5000, 5000), "it is clipped"),
        (lambda samples: np.random.default_rng(2).integers(-2000, 2000, 16000), "nothing stands out"),
        (lambda samples: samples[12000:], "its beginning is cut off"),
        (lambda samples: samples[:12000], "its end is cut off"),
        (lambda samples: np.concatenate([samples, samples]), "2 things sound in it"),
        (lambda samples: samples, ""),
    ],
)  # fmt: skip
def test_takes_that_will_not_do(browser: Browser, record_page: Path, change: Any, reason: str) -> None:
    if browser.run("document.title") != "ja, a: höre zu? · Earshot records":
        browser.open(record_page)
    samples = change(bursts(1.5, 1.5)).tolist()
    found = browser.run(f"judge(Int16Array.from({samples}), 16000)")
    assert re.match(reason or "$", found.get("reason", ""))


def test_takes_are_judged_as_in_a_terminal(browser: Browser, record_page: Path) -> None:
    browser.open(record_page)
    rng = np.random.default_rng(11)
    kept = 0
    for _ in range(25):
        samples = np.roll(bursts(2.4, 1.2, int(rng.choice([100, 6000, 40000]))), rng.integers(9600))
        samples = samples[: rng.integers(9600, 28800)]
        is_over, found = browser.run(
            "(samples => [isOver(samples, 16000), judge(samples, 16000)])"
            f"(Int16Array.from({samples.tolist()}))"
        )
        expected = takes.judge(samples, 16000)
        assert is_over == takes.is_over(samples, 16000)
        if isinstance(expected, takes.Refused):
            assert found["reason"].split(";")[0] == expected.reason.split(";")[0]
        else:
            assert list(found["clip"].values()) == expected.samples.tolist()
            kept += 1
    assert kept


def test_the_part_with_the_word_is_that_of_training(browser: Browser, record_page: Path) -> None:
    browser.open(record_page)
    rng = np.random.default_rng(7)
    for _ in range(20):
        samples = np.roll(bursts(3, rng.uniform(0.7, 3)), rng.integers(48000))
        start = browser.run(f"excerptStart(Int16Array.from({samples.tolist()}), 16000, 16000)")
        np.testing.assert_array_equal(samples[start : start + 16000], fit_clip(samples, 16000, 16000))


@pytest.mark.parametrize("rate_hz", [48000, 44100, 22050, 8000])
def test_conversion_passes_speech_and_nothing_that_would_fold(
    browser: Browser, record_page: Path, rate_hz: int
) -> None:
    browser.open(record_page)

    def tones(rate_hz: int, *frequencies_hz: int) -> np.ndarray:
        time_s = np.arange(rate_hz // 2) / rate_hz
        return sum((np.sin(2 * np.pi * each * time_s) for each in frequencies_hz), np.zeros(rate_hz // 2))

    heard = (200, 1000, 3500)
    folded = tuple(each for each in (8500, 9500, 21000) if each < rate_hz / 2)
    audio = tones(rate_hz, *heard) + tones(rate_hz, *folded)
    whole, pieces = browser.run(
        f"(() => {{ const audio = Float32Array.from({audio.tolist()}); "
        f"const one = new Resampler({rate_hz}, 16000), other = new Resampler({rate_hz}, 16000), pieces = []; "
        "const whole = [...one.push(audio), ...one.flush()]; "
        "for (let i = 0; i < audio.length; i += 999) pieces.push(...other.push(audio.subarray(i, i + 999))); "
        "return [whole, [...pieces, ...other.flush()]]; })()"
    )
    assert whole == pieces
    assert len(whole) == 8000
    assert np.abs(np.array(whole) - tones(16000, *heard))[300:-300].max() < 2e-4  # -74 dB


def test_no_compiler(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(wasm.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        UserError, match=r"clang: not found.*sudo apt-get install clang lld; or anywhere: pip install"
    ):
        page.write_page(run, tmp_path / "listen.html")


def test_only_an_earlier_page_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "mine.html"
    out.write_text("mine")
    with pytest.raises(UserError, match="exists and is not an earlier page of this command; add --overwrite"):
        page.write_record_page(["ja"], 1, 16000, out)
    page.write_record_page(["ja"], 1, 16000, out, overwrite=True)
    page.write_record_page(["nein"], 2, 8000, out)
    assert "nein" in out.read_text(encoding="utf-8")
    with pytest.raises(
        UserError, match=r"browsers know a page by its name; expected one such as .*takes\.html"
    ):
        page.write_record_page(["ja"], 1, 16000, tmp_path / "takes")
