"""What a board must do: this computer, an emulator, or silicon (--board ID --port PORT --run-folder RUN)."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from hil.proof.dut import DUT
from hil.protocol.session import Session
from hil.protocol.transfers.clip import ClipToScore
from train.audio import wav
from train.audio.frontend import model_input, wav_features
from train.core import runfolder
from train.core.results.training import ClipList
from train.tflite.tflm import TflmModel

pytestmark = pytest.mark.emulator


def test_the_board_tells_what_it_runs(board_session: Session, board_dut: DUT, board_run: Path) -> None:
    spec = runfolder.read_spec(board_run)
    info = board_session.info
    assert (info.board_id, info.build_id) == (board_dut.board, board_dut.build_id)
    assert info.model_sha256 == spec.artefacts[runfolder.TFLITE]
    assert board_session.labels == spec.labels


def test_the_clips_of_the_run_folder_get_the_scores_of_the_model(
    board_session: Session, board_run: Path
) -> None:
    """Scores to the bit, on the features of the board, which may be 1 apart."""
    spec = runfolder.read_spec(board_run)
    front_end = spec.front_end
    folder = board_run / runfolder.CLIPS
    names = [clip.file for clip in ClipList.read(folder / runfolder.CLIPS_LIST).clips]
    samples = np.stack([wav.read_wav(folder / name, front_end.sample_rate_hz) for name in names])
    features = model_input(wav_features(wav.to_float(samples), front_end), front_end)
    model = TflmModel((board_run / runfolder.TFLITE).read_bytes(), "model")
    clips = [
        ClipToScore(audio.astype("<i2").tobytes(), zlib.crc32(expected.tobytes()))
        for audio, expected in zip(samples, features, strict=True)
    ]
    results = list(board_session.score(clips))
    assert len(results) == len(names)
    for name, result, expected in zip(names, results, features, strict=True):
        assert result.scores is not None, f"{name}: {result.failure}"
        found = expected if result.features is None else result.features
        assert np.abs(found.astype(int) - expected).max() <= 1, name
        assert np.count_nonzero(found != expected) <= 2, name
        assert result.scores.tolist() == model.run(found[np.newaxis]).reshape(-1).tolist(), name


@pytest.mark.hardware
def test_a_real_board_counts_its_cycles(board_session: Session) -> None:
    assert board_session.info.clock_hz > 0
