"""``earshot test``: what it proves, on which lines, and how it ends."""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from emulator.conftest import IMPATIENT, RATE_HZ, first
from emulator.proof_lines import Cutter, EndingLink, StaleLink, accept_anything, check_all_right
from sweeping import sweep
from tflite_builder import Network, Weighted

from codegen.emit import generate
from hil.boards.board import QEMU, board_ids, load_board
from hil.commands.bench import measure
from hil.link.link import Link, LinkError
from hil.proof.dut import DUT, check_firmware
from hil.proof.expected_clips import ClipSet, read_clip_set
from hil.proof.proof import AccuracyError, ProofError, prove, verdict
from hil.protocol.connection import FirmwareError
from hil.protocol.faulty_link import Faults
from hil.protocol.messages import BenchRequest, ResultRequest, StatusRequest
from hil.protocol.payload import Message
from hil.protocol.session import Session
from train.audio import frontend, wav
from train.core import runfolder
from train.core.errors import Interrupted, UserError
from train.core.results.boards import FailedClip, ProofResult
from train.core.spec import FrontEnd
from train.tflite.tflm_pool import run_model

EMULATED_BOARDS = [board_id for board_id in board_ids() if load_board(board_id).run_kind == QEMU]

pytestmark = [pytest.mark.emulator, pytest.mark.usefixtures("time_limit")]


@pytest.mark.parametrize("board_id", sweep([*EMULATED_BOARDS, "host"], "host", "mps2-an385", "mps3-an547"))
def test_every_board_proves_every_clip(
    dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path, board_id: str
) -> None:
    is_emulated = board_id != "host"
    result = prove(dut(board_id, "semihosting" if is_emulated else "serial"), clip_set, own_run, False)
    check_all_right(result, clip_set)
    assert result.label == ("emulated" if is_emulated else "host")
    assert result == ProofResult.read(own_run / "hil" / board_id / "result.json")
    assert result.interval[0] < result.accuracy <= result.interval[1] <= 1
    assert np.trace(np.array(result.confusion)) == result.correct
    assert (result.link.retries, result.link.crc_errors, result.link.restarts) == (0, 0, 0)
    assert result.clips_per_s > 0


def test_an_emulated_board_takes_clips_over_its_serial_line(
    dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path
) -> None:
    few = first(clip_set, 2)
    result = prove(dut("mps2-an386", "serial"), few, own_run, False)
    check_all_right(result, few)
    assert result.feed == "serial"
    assert result.link.frames_sent >= 2 * 34


def test_a_front_end_that_blocks_dc(dut: Callable[..., DUT], own_run: Path, corpus: Path) -> None:
    """A model behind log_mel, of recordings that do not lie around 0."""
    spec = runfolder.read_spec(own_run)
    front_end, rng = FrontEnd("log_mel", dc_block=True), np.random.default_rng(4)
    count = front_end.feature_count
    network = Network(
        (front_end.frames, front_end.bins, 1), front_end.input_zero_point, front_end.feature_scale
    )
    weights = rng.integers(-128, 128, (4, count), dtype=np.int8)
    row = network.reshape(network.input, (1, count))
    dense = network.dense(row, Weighted(weights, None, np.full(1, 2e-4), 0.1, 0))
    runfolder.write_bytes(own_run / runfolder.TFLITE, network.tflite(network.softmax(dense)))
    runfolder.write_spec(own_run, dataclasses.replace(spec, front_end=front_end), [runfolder.TFLITE])
    generate(own_run)
    clips = first(read_clip_set(own_run, str(corpus), "all", None), 6)
    offsets = np.array([[3000], [-9000], [500], [0], [20000], [-1]])
    samples = np.clip(clips.samples + offsets, -32768, 32767).astype(np.int16)
    features = frontend.model_input(frontend.wav_features(wav.to_float(samples), front_end), front_end)
    scores = run_model(clips.model, features)
    clips = dataclasses.replace(clips, samples=samples, features=features, scores=scores)
    result = prove(dut("mps2-an386", "semihosting", c=own_run / "c"), clips, own_run, False)
    assert (result.clips, result.features_compared) == (len(clips), len(clips) * count)
    assert (result.scores_differing, result.features_max_difference <= 1) == (0, True)
    assert result.features_differing <= 3


FAULTS = Faults(
    drop=0.01, corrupt=0.01, duplicate=0.01, delay=0.005, split=0.05, stall=0.0005,
    disconnect=1 / 1500, restart=1 / 900, seed=11,
)  # fmt: skip


def test_a_bad_line_costs_time_but_no_clip(dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path) -> None:
    result = prove(dut("host", "serial", FAULTS), clip_set, own_run, False)
    check_all_right(result, clip_set)
    counts = result.faults[0]
    assert min(counts[kind] for kind in ("drop", "corrupt", "duplicate", "delay", "split")) >= 5
    assert counts["disconnect"] >= 1
    assert counts["restart"] >= 1
    assert result.link.connections == 1 + counts["disconnect"]
    assert result.link.restarts >= 1
    assert result.link.retries >= 10
    assert result.link.crc_errors >= 5


def test_a_bad_line_to_an_emulated_board(dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path) -> None:
    faults = Faults(drop=0.05, corrupt=0.05, duplicate=0.05, disconnect=1 / 40, restart=1 / 30, seed=2)
    result = prove(dut("mps2-an386", "semihosting", faults), clip_set, own_run, False)
    check_all_right(result, clip_set)
    assert result.link.restarts >= 1
    assert result.link.connections >= 2


@pytest.mark.parametrize("cuts", [1, 3])
@pytest.mark.parametrize("question", [StatusRequest, BenchRequest, ResultRequest])
def test_a_line_that_breaks_at_any_question_is_opened_again(
    dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path, question: type[Message], cuts: int
) -> None:
    """The last questions, too, which come when no clip is under way."""
    setting = dut()
    cutter = Cutter(setting.open_link, question, cuts)
    setting = dataclasses.replace(setting, open_link=cutter.open)
    few = first(clip_set, 2)
    if question is BenchRequest:
        _, bench = measure(setting, clip_set.spec, 3)
        assert bench.inference_count == 3
    else:
        check_all_right(result := prove(setting, few, own_run, False), few)
        assert result.link.connections == 1 + cuts
    assert not cutter.cuts_left


def test_a_line_that_breaks_for_good_at_the_last_question_loses_no_clip(
    dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path
) -> None:
    setting, few = dut(), first(clip_set, 2)
    cutter = Cutter(setting.open_link, StatusRequest, 9)
    with pytest.raises(LinkError, match=r"cut on purpose; .*result\.json is of the clips so far"):
        prove(dataclasses.replace(setting, open_link=cutter.open), few, own_run, False)
    check_all_right(prove(setting, few, own_run, True), few)


def test_a_hopeless_line_ends(dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path) -> None:
    """Nine frames of ten are lost: clips may fail, or the line be given up, but nothing hangs or is wrong."""
    setting = dataclasses.replace(dut("host", "serial", Faults(drop=0.9)), patience=IMPATIENT)
    with pytest.raises(LinkError):
        verdict(prove(setting, first(clip_set, 2), own_run, False), None)


def test_results_of_other_clips_are_never_taken(
    dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path
) -> None:
    setting = dut()
    lines: list[StaleLink] = []

    def open_stale() -> Link:
        lines.append(StaleLink(setting.open_link()))
        return lines[-1]

    result = prove(dataclasses.replace(setting, open_link=open_stale), clip_set, own_run, False)
    check_all_right(result, clip_set)
    assert sum(line.replaced for line in lines) > len(clip_set) / 4
    assert result.link.retries >= sum(line.replaced for line in lines)


# A board that is not right, or not good enough


def test_other_features_are_fetched_and_counted(
    dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path
) -> None:
    features = clip_set.features.copy()
    features[3, 7, 5:8] ^= 16
    features[20, 48, 42] ^= 1
    changed = dataclasses.replace(clip_set, features=features)
    result = prove(dut(), changed, own_run, False)
    assert (result.features_differing, result.features_max_difference) == (4, 16)
    assert [item.clip for item in result.clips_differing] == [3, 20]
    assert result.scores_differing == 0  # they are those of the features that the board had
    assert not result.proven
    with pytest.raises(ProofError, match=r"4 of 67,424 features differ .* by up to 16"):
        verdict(result, None)


def test_one_feature_may_be_one_apart(dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path) -> None:
    features = clip_set.features.copy()
    features[20, 48, 42] ^= 1
    result = prove(dut(), dataclasses.replace(clip_set, features=features), own_run, False)
    assert (result.features_differing, result.features_max_difference) == (1, 1)
    verdict(result, None)


def test_other_scores_are_no_proof(dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path) -> None:
    scores = clip_set.scores.copy()
    scores[5, 2] ^= 1
    result = prove(dut(), dataclasses.replace(clip_set, scores=scores), own_run, False)
    assert result.scores_differing == 1
    with pytest.raises(ProofError, match=r"0 of 67,424 features differ .* 1 of 128 scores"):
        verdict(result, None)


def test_accuracy_is_another_verdict(dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path) -> None:
    result = prove(dut(), clip_set, own_run, False)
    verdict(result, result.accuracy)
    with pytest.raises(AccuracyError, match=r"accuracy is 0\.\d+, expected at least 1 "):
        verdict(dataclasses.replace(result, accuracy=0.5), 1.0)
    clip = FailedClip(clip=0, source="yes/a.wav", reason="gone")
    failed = dataclasses.replace(result, failed=1, failed_clips=(clip,))
    with pytest.raises(LinkError, match=r"1 clips failed \(first: yes/a\.wav: gone\)"):
        verdict(failed, 1.0)
    codes = [kind.exit_code for kind in (UserError, LinkError, FirmwareError, ProofError, AccuracyError)]
    assert codes == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("board_id", "mps2-an385", "the board is mps2-an385, expected host"),
        ("model_sha256", "0" * 64, "the model is 0000"),
        ("front_end_sha256", "0" * 64, "the front end is 0000"),
        ("engine", "tflm", "the engine is tflm, expected compiled"),
        ("build_id", "old", "the build id is old, expected"),
    ],
)
def test_other_firmware_is_refused(
    dut: Callable[..., DUT], clip_set: ClipSet, field: str, value: str, message: str
) -> None:
    setting = dut()

    def check(info: Any, labels: tuple[str, ...]) -> None:
        check_firmware(setting, clip_set.spec, info, labels)  # as it is, it is right
        check_firmware(setting, clip_set.spec, dataclasses.replace(info, **{field: value}), labels)

    with pytest.raises(FirmwareError, match=message):
        Session(setting.open_link, check)


def test_a_clip_that_a_board_cannot_read(dut: Callable[..., DUT], clip_set: ClipSet, tmp_path: Path) -> None:
    clips = list(clip_set.clips([0, 1], tmp_path / "gone.i16"))
    with (
        Session(dut("host").open_link, accept_anything) as session,
        pytest.raises(FirmwareError, match=r"refused request 1d .this board cannot read files of the host"),
    ):
        list(session.score(clips))
    clip_set.write_samples(tmp_path / "short.i16")
    os.truncate(tmp_path / "short.i16", 3 * RATE_HZ)
    short = list(clip_set.clips([0, 1], tmp_path / "short.i16"))
    with Session(dut("mps2-an386", "semihosting").open_link, accept_anything) as session:
        results = list(session.score([short[0], clips[0], short[1], short[0]]))
    assert [result.failure == "" for result in results] == [True, False, False, True]
    assert "no such file, or it ends before" in results[1].failure
    assert np.array_equal(results[3].scores, clip_set.scores[0])


# Stopped and gone on with


@pytest.mark.parametrize("end", [KeyboardInterrupt(), LinkError("unplugged")], ids=["Ctrl-C", "unplugged"])
def test_what_was_scored_stays(
    dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path, end: BaseException
) -> None:
    setting = dataclasses.replace(dut(), patience=IMPATIENT)
    opened = []

    def open_ending() -> Link:
        if opened:
            raise LinkError("there is no such port")
        opened.append(EndingLink(setting.open_link, 8000, end))
        return opened[-1]

    with pytest.raises((Interrupted, LinkError), match=r"result\.json .* go on with --resume"):
        prove(dataclasses.replace(setting, open_link=open_ending), clip_set, own_run, False)
    path = own_run / "hil" / "host" / "result.json"
    partial = ProofResult.read(path)
    assert 3 <= partial.clips < len(clip_set)
    assert not partial.complete
    assert partial.scores_differing == partial.failed == 0
    records = path.parent / "clips.jsonl"
    records.write_text(records.read_text() + '{"clip": 31, "sco')  # as after a crash
    result = prove(setting, clip_set, own_run, True)
    check_all_right(result, clip_set)
    assert result.complete
    assert result.link.connections == 2
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    scored = [line["clip"] for line in lines if "clip" in line]
    assert sorted(scored) == list(range(len(clip_set)))  # each once


def test_resume_wants_the_same_subject(dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path) -> None:
    setting = dut()
    with pytest.raises(UserError, match="so nothing to go on with; leave out --resume"):
        prove(setting, clip_set, own_run, True)
    few = first(clip_set, 2)
    prove(setting, few, own_run, False)
    wanted = (
        r"clips\.jsonl: has 3 rows of another number of clips \(2, now 32\); start again without --resume"
    )
    with pytest.raises(UserError, match=wanted):
        prove(setting, clip_set, own_run, True)
