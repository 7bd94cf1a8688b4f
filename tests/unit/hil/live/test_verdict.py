"""What was said, what was heard, and what the verdict says about it."""

from pathlib import Path

import numpy as np
import pytest
from live_sounds import RATE_HZ, noisy

from hil.link.board_lines import BoardHeard
from hil.live import Detector
from hil.live.playlist import Expected, Playlist, clips_of, recording_of
from hil.live.verdict import judge, lines_of
from train.audio import wav
from train.core import runfolder
from train.core.errors import UserError
from train.core.operating_point import OperatingPoint

DEAF = OperatingPoint(window_ms=300, suppression_ms=400, minimum_count=2, thresholds=(254, 254, 254, 254))
WORDS = OperatingPoint(window_ms=300, suppression_ms=400, minimum_count=2, thresholds=(255, 255, 0, 0))
SAMPLES = noisy(6.0, seed=2)
YES, GRÖSSE, YES_AGAIN = (
    Expected("yes", "a.wav", 0, 1500),
    Expected("größe", "b.wav", 1000, 2500),
    Expected("yes", "c.wav", 2500, 3000),
)


def verdict(detector: Detector, expected: tuple[Expected, ...] | None, *heard: BoardHeard) -> list[str]:
    return lines_of(judge(Playlist(SAMPLES, (), expected), heard, detector), detector)


def test_heard_missed_and_heard_wrongly(live_run: Path) -> None:
    with Detector.load(live_run, DEAF) as detector:
        heard = (
            BoardHeard("yes", 255, 1200),
            BoardHeard("yes", 255, 1300),  # the same one again
            BoardHeard("_unknown_", 255, 1400),
            BoardHeard("größe", 255, 2600),  # too late
        )
        lines = verdict(detector, (YES, GRÖSSE, YES_AGAIN), *heard)
        detector.reset()
        inferences = detector.listen(SAMPLES)
    assert lines[0] == "verdict: 1 of 3 words heard, 2 heard wrongly"
    assert lines[1] == "  yes    a.wav  heard at 1200 ms, 255 over 254"
    means = [found.means for found in inferences if found.means and 1000 <= found.time_ms <= 2500]
    best = max(means, key=lambda means: means[3])
    assert lines[2].startswith(f"  größe  b.wav  missed: best score {best[3]}, threshold 254")
    assert ("was higher" in lines[2]) is (max(best) > best[3])
    assert ("was as high" in lines[2]) is (best.index(max(best)) < 3 and max(best) == best[3])
    assert lines[3].startswith("  yes    c.wav  missed: best score ")
    assert lines[4:6] == [
        "  yes           heard wrongly at 1300 ms, 255",
        "  größe         heard wrongly at 2600 ms, 255",
    ]
    assert "the compiled C on this computer" in lines[6]
    assert lines[6].endswith("its detections are NOT equal to the board's")
    assert "prove it with earshot test" in lines[7]
    assert lines[8].startswith(f"next: earshot tune {live_run}: chooses thresholds")
    assert lines[9] == "  or: earshot train --preset best: a network that tells words apart better"
    assert "record more of größe, yes" in lines[10]


def test_all_heard(live_run: Path) -> None:
    with Detector.load(live_run, WORDS) as detector:
        found = detector.push(SAMPLES)
        detector.reset()
        heard = [BoardHeard(it.word, it.score, it.time_ms) for it in found]
        expected = tuple(Expected(it.word, "x", it.time_ms, it.time_ms) for it in heard)
        lines = verdict(detector, expected, *heard)
    assert expected, "a test without detections would prove nothing"
    assert lines[0] == f"verdict: {len(expected)} of {len(expected)} words heard, 0 heard wrongly"
    assert lines[-1] == f"next: earshot listen {live_run}: speak to it yourself"
    assert len(lines) == len(expected) + 2


def test_nobody_knows_what_is_said(live_run: Path) -> None:
    with Detector.load(live_run, DEAF) as detector:
        lines = verdict(detector, None)
    assert lines[0] == "verdict: heard nothing; add --said WORD,WORD to have it judged"
    assert [line.split()[0] for line in lines[1:3]] == ["yes", "größe"]
    assert all("best score" in line for line in lines[1:3])
    assert lines[3].endswith("its detections are equal to the board's")
    assert len(lines) == 4, "no advice where nothing is known to be wrong"


def test_the_clips_of_a_run(live_run: Path) -> None:
    playlist = clips_of(live_run, runfolder.read_spec(live_run))
    assert playlist.titles == (f"playing {live_run / 'clips' / 'yes_0.wav'} at 0 ms",)
    assert playlist.expected == (Expected("yes", "yes_0.wav", 0, 2000),)
    assert np.array_equal(playlist.samples[:RATE_HZ], noisy(1.0, 1))


def test_a_recording_and_what_is_said_in_it(live_run: Path, tmp_path: Path) -> None:
    spec = runfolder.read_spec(live_run)
    path, truth = tmp_path / "a.wav", tmp_path / "truth.txt"
    path.write_bytes(wav.encode_wav(SAMPLES, RATE_HZ))
    assert recording_of(path, spec, [], None).expected is None
    twice = recording_of(path, spec, ["yes", "yes"], None)
    assert twice.expected == (Expected("yes", "a.wav", 0, len(twice.samples) / 16),) * 2
    truth.write_text("yes, 500\n_unknown_, 900\ngröße, 1500.5\n", encoding="utf-8")
    assert recording_of(path, spec, [], truth).expected == (
        Expected("yes", "at 500 ms", 750, 2250),
        Expected("größe", "at 1500 ms", 1750.5, 3250.5),
    )
    with pytest.raises(UserError, match="--said: 'ja' is no word of the model; it has yes, größe"):
        recording_of(path, spec, ["ja"], None)
    truth.write_text("_silence_, 500\n")
    with pytest.raises(UserError, match=r"truth\.txt: '_silence_' is no word of the model"):
        recording_of(path, spec, [], truth)
