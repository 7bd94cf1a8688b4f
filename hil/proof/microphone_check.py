"""Lets an emulated board hear a stream by its own microphone, as the program `earshot`, and compares."""

import dataclasses
import hashlib
import time

from hil.boards.board import Board
from hil.boards.build import EngineChoice, Firmware
from hil.boards.microphones.emulated import EmulatedMicrophone, EmulatedRun, play
from hil.link.board_lines import heard_in
from hil.link.link import Link, LinkError
from hil.link.patience import Patience
from hil.proof.dut import DUT
from hil.proof.stream_check import Listening, complain, twin_of, write_result
from hil.provenance import EMULATED
from train.core.console import progress
from train.core.files.plain import read_plain
from train.core.results.boards import LinkStatistics, StreamResult
from train.detection.labelled_stream import Stream
from train.detection.reference_listener import Heard

MICROPHONE = "microphone"  # how the audio gets to the board


def microphone_dut(board: Board, engine: EngineChoice, firmware: Firmware, patience: Patience) -> DUT:
    """The program `earshot` as a device under test, which has no line to open."""

    def no_link() -> Link:
        raise LinkError(f"{board.id}: `earshot` answers no requests")

    digest = hashlib.sha256(read_plain(firmware.path)).hexdigest()
    return DUT(
        board.id,
        engine.name,
        digest[:16],
        EMULATED,
        MICROPHONE,
        no_link,
        firmware=firmware,
        patience=patience,
    )


def listen_by_microphone(board: Board, job: Listening) -> tuple[StreamResult, EmulatedRun]:
    """As ``stream_check.listen``; both hear what the microphone makes of it, and no scores are compared.

    Raises:
        LinkError: the emulator failed.
        ProofError: the board heard something else than Python.
    """
    played = play(board, job.stream.samples)
    stream = Stream(played.heard, job.stream.words)
    assert job.dut.firmware is not None
    microphone = EmulatedMicrophone(board, job.dut.firmware.path, played, job.dut.patience)
    job = dataclasses.replace(job, stream=stream)
    twin = twin_of(job)
    started_s = time.monotonic()
    rate_hz = job.spec.front_end.sample_rate_hz
    heard = []
    with progress(f"{board.id} listens (seconds)", -(-len(played.heard) // rate_hz)) as advance:
        shown_s = 0
        for line in microphone.lines():
            found = heard_in(line)
            if found is None:
                continue
            heard.append(Heard(found.time_ms, job.spec.labels.index(found.word), found.score))
            advance(found.time_ms // 1000 - shown_s)
            shown_s = found.time_ms // 1000
    run = microphone.result
    assert run is not None
    job = dataclasses.replace(job, settings=job.settings | {MICROPHONE: dataclasses.asdict(run)})
    duration_s = time.monotonic() - started_s
    result = write_result(job, heard, len(played.heard), None, twin, LinkStatistics(), duration_s)
    complain(result)
    return result, run
