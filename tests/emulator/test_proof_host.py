"""The program `proof` built for this computer: under sanitizers, and told apart by its build id."""

import contextlib
import json
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from places import ROOT
from sweeping import sweep

from hil.link.process import ProcessLink
from hil.protocol import codec, framing
from hil.protocol import messages as m
from hil.protocol.framing import Decoder, Frame
from hil.protocol.payload import Message
from hil.recording.board_microphone import BoardMicrophone

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("count", sweep([5_000, 20_000], 5_000))
def test_random_requests_under_sanitizers(sanitized_proof: Path, count: int) -> None:
    """Whole frames, senseless contents: each is answered, and nothing is touched that should not be."""
    requests = list(senseless(random.Random(7), count))
    done = subprocess.run([sanitized_proof], input=b"".join(requests), capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    answers = [codec.decode(item) for item in Decoder().feed(done.stdout) if isinstance(item, Frame)]
    answers = [answer for answer in answers if not isinstance(answer, m.Hello | m.Detection)]
    assert len(answers) == len(requests)
    kinds = Counter(type(answer) for answer in answers)
    assert kinds[m.Ack] > count / 4
    assert (
        min(kinds[kind] for kind in (m.Result, m.Features, m.StreamResult, m.Labels, m.Status)) > count / 1000
    )
    assert {answer.code for answer in answers if isinstance(answer, m.Error)} == set(m.ErrorCode) - {
        m.ErrorCode.ENGINE
    }


def senseless(rng: random.Random, count: int) -> Iterator[bytes]:
    """Requests that mostly could be: clips and streams that go on for a while, and are disturbed."""
    position = 0
    for _ in range(count):
        number = rng.choice((0, 1, 1, 1, 5, 48, 49, 2**32 - 1))
        request: Message
        match rng.choices(range(10), weights=(2, 2, 80, 6, 4, 6, 4, 2, 2, 2))[0]:
            case 0:
                request, position = m.ClipBegin(1, rng.choice((16_000, 16_000, 0)), rng.randrange(2**32)), 0
            case 1:
                request, position = m.StreamBegin(1, number % 256), 0
            case 2:
                size = rng.choice((1, 500, 508, 508, 508))
                start = position if rng.random() < 0.97 else number
                size = max(1, min(size, 16_000 - position))
                request = m.Audio(rng.choice((1, 1, 1, 1, 1, 1, 1, 2)), start, rng.randbytes(2 * size))
                position += size if start == position and request.transfer_id == 1 else 0
            case 3:
                request = m.ResultRequest(1)
            case 4:
                request = m.FeaturesRequest(1, number % 50, rng.choice((0, 1, 23, 24, 65_535)))
            case 5:
                request = m.StreamResultRequest(1, position)
            case 6:
                request = m.DetectionRequest(1, number)
            case 7:
                request = m.LabelsRequest(number % 256)
            case 8:
                request = m.Record(1, number)
            case _:
                request = m.StatusRequest()
        frame = Frame(request.TYPE, rng.randrange(1, 256), request.pack())
        if rng.random() < 0.02:
            frame = Frame(rng.choice((request.TYPE, 0x1F)), 1, rng.randbytes(rng.choice((0, 3, 40, 1024))))
        yield framing.encode(frame)


RAMP_C = """\
#include "hal.h"
// A microphone that hears 16 samples a millisecond, each one more than the one before.
size_t kws_hal_audio_read(int16_t* samples, size_t capacity) {
    static uint32_t heard;
    size_t count = 0;
    const uint32_t due = 16 * kws_hal_clock_ms();
    while (heard < due && count < capacity) samples[count++] = (int16_t)(uint16_t)heard++;
    return count;
}
"""


def test_a_board_with_a_microphone_is_recorded(
    cmake: Callable[..., subprocess.CompletedProcess[str]], run_folder: Path, tmp_path: Path
) -> None:
    """Every sample, in order, from a program whose board.json says that it has a microphone."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler (cc)")
    board = tmp_path / "boards" / "ramp"
    board.mkdir(parents=True)
    shutil.copy(ROOT / "firmware" / "boards" / "host" / "board.c", board)
    (board / "ramp.c").write_text(RAMP_C)
    content = {"id": "ramp", "title": "a ramp", "cpu": "host", "flags": ["-DKWS_HAL_MICROPHONE=1"]}
    content |= {"sources": ["ramp.c", "board.c"], "run": {"kind": "native"}}
    (board / "board.json").write_text(json.dumps(content))
    configure = ["-S", ROOT, "-B", tmp_path / "build", "-DBOARD=ramp", f"-DBOARD_DIR={board.parent}"]
    configure += [f"-DMODEL={run_folder / 'c'}", "-DSANITIZE=ON"]
    for arguments in (configure, ["--build", tmp_path / "build", "--target", "proof", "--parallel"]):
        result = cmake(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
    microphone = BoardMicrophone(ProcessLink([str(tmp_path / "build" / "proof")]))
    heard = np.zeros(0, np.int16)
    with contextlib.closing(microphone.pieces()) as pieces:
        while len(heard) < 12_000:
            heard = np.append(heard, next(pieces))
    assert (microphone.overruns, microphone.lost_samples) == (0, 0)
    assert (np.diff(heard) == 1).all()


def test_build_id_tells_builds_apart(
    cmake: Callable[..., subprocess.CompletedProcess[str]], run_folder: Path, tmp_path: Path
) -> None:
    """The same in another place; another with another source."""
    ids = []
    for name in ("one", "two", "changed"):
        model = shutil.copytree(run_folder / "c", tmp_path / name / "c")
        if name == "changed":
            with (model / "engine.c").open("a") as file:
                file.write("// changed\n")
        folder = tmp_path / name / "build"
        configure = ["-S", ROOT, "-B", folder, "-DBOARD=host", f"-DMODEL={model}"]
        for arguments in (configure, ["--build", folder, "--target", "proof", "--parallel"]):
            assert cmake(*arguments).returncode == 0
        ids.append((folder / "proof_build_id" / "build_id.h").read_text())
    assert ids[0] == ids[1] != ids[2]
