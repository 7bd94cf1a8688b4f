"""The program `mlperf`: the dialogue of MLPerf Tiny, byte for byte, and the scores of TFLite-Micro in it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kernel_models import random_weights, weighted
from places import ROOT
from sweeping import sweep
from tflite_builder import Network

from codegen.emit import generate_model
from hil.boards.board import board_ids
from hil.link.link import LinkError
from hil.link.process import ProcessLink
from train.tflite.tflm import TflmModel

KWS_BYTES, KWS_OUTPUTS = 49 * 10, 12
DB_BYTES = 31  # as many as the public runner puts into one command
PROFILE = "m-profile-[ULPMark for tinyML Firmware V0.0.1]"
LAP = r"m-lap-us-\d+"


MakeModel = Callable[..., tuple[TflmModel, Path]]
Talk = Callable[..., "Dialogue"]
Start = Callable[..., ProcessLink]

pytestmark = pytest.mark.emulator


def dense_model(input_bytes: int, outputs: int, has_softmax: bool) -> bytes:
    """A .tflite of one layer, and a softmax behind it or not: then scores are negative too, and above 1."""
    rng = np.random.default_rng(1)
    network = Network((input_bytes,))
    layer = weighted(rng, random_weights(rng, (outputs, input_bytes)), 0, 0, 5)
    dense = network.dense(network.input, layer)
    return network.tflite(network.softmax(dense) if has_softmax else dense)


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> MakeModel:
    """``make_model(input_bytes, outputs, has_softmax)``: as TFLite-Micro runs it, and its C alone."""
    made: dict[tuple[int, int, bool], tuple[TflmModel, Path]] = {}

    def make(input_bytes: int, outputs: int, has_softmax: bool = True) -> tuple[TflmModel, Path]:
        key = (input_bytes, outputs, has_softmax)
        if key not in made:
            folder = tmp_path_factory.mktemp("model")
            tflite = dense_model(*key)
            (folder / "dense.tflite").write_bytes(tflite)
            generate_model(folder / "dense.tflite", folder / "c")
            made[key] = TflmModel(tflite, "dense"), folder / "c"
        return made[key]

    return make


class Dialogue:
    """Says commands, and gives the lines of the answers, which end as they must."""

    def __init__(self, link: ProcessLink) -> None:
        self.link = link
        self.greeting = self.lines()

    def lines(self) -> list[str]:
        found = []
        while True:
            line = self.link.read_line()
            assert line.endswith(b"\r"), line
            found.append(line[:-1].decode())
            if found[-1] == "m-ready":
                return found[:-1]

    def say(self, command: str) -> list[str]:
        self.link.send(f"{command}%".encode())
        return self.lines()

    def load(self, data: bytes) -> None:
        assert self.say(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
        for start in range(0, len(data), DB_BYTES):
            is_last = start + DB_BYTES >= len(data)
            expected = ["m-load-done"] if is_last else []
            assert self.say(f"db {data[start : start + DB_BYTES].hex()}") == expected


@pytest.fixture
def talk(start: Start, make_model: MakeModel) -> Talk:
    """``talk(board_id, input_bytes, outputs, has_softmax)``: with a program that has just started."""

    def open_dialogue(board_id: str, *model: int) -> Dialogue:
        return Dialogue(start(board_id, "mlperf", make_model(*model)[1]))

    return open_dialogue


@pytest.fixture
def host(talk: Talk) -> Dialogue:
    return talk("host", KWS_BYTES, KWS_OUTPUTS)


def shown(scores: np.ndarray, model: TflmModel) -> str:
    """As the reference firmware prints scores: three decimals, the rest cut off."""
    texts = []
    for score in scores.tolist():
        value = np.float32(score - model.output_zero_point) * np.float32(model.output_scale)
        thousandths = int(abs(value) * np.float32(1000))
        texts.append(f"{'-' if value < 0 else ''}{thousandths // 1000}.{thousandths % 1000:03}")
    return f"m-results-[{','.join(texts)}]"


@pytest.mark.parametrize("board_id", sweep(board_ids(), "host", "mps2-an386"))
def test_a_whole_run(board_id: str, talk: Talk, make_model: MakeModel) -> None:
    """What the public runner says, in its order."""
    model, _ = make_model(KWS_BYTES, KWS_OUTPUTS)
    dialogue = talk(board_id, KWS_BYTES, KWS_OUTPUTS)
    timestamp_mode, lap, done = dialogue.greeting
    assert (timestamp_mode, done) == ("m-timestamp-mode-performance", "m-init-done")
    assert re.fullmatch(LAP, lap)
    assert dialogue.say("name") == [f"m-name-dut-[{board_id}]"]
    assert dialogue.say("profile") == [PROFILE, "m-model-[kws01]"]
    inputs = np.random.default_rng(2).integers(-128, 128, (3, KWS_BYTES), dtype=np.int8)
    expected = model.run(inputs)
    assert len(set(map(bytes, expected))) == len(inputs)
    for data, scores in zip(inputs, expected, strict=True):
        dialogue.load(data.tobytes())
        answer = dialogue.say("infer 3 2")
        start, stop = (int(line.removeprefix("m-lap-us-")) for line in answer[3:5])
        assert start <= stop
        assert answer == [
            "m-warmup-start-2",
            "m-warmup-done",
            "m-infer-start-3",
            f"m-lap-us-{start}",
            f"m-lap-us-{stop}",
            "m-infer-done",
            shown(scores, model),
        ]
        assert dialogue.say("results") == answer[-1:]


def test_every_byte_of_an_answer(start: Start, make_model: MakeModel) -> None:
    link = start("host", "mlperf", make_model(KWS_BYTES, KWS_OUTPUTS)[1])
    link.send(b"name%profile%db load 2%db 0aFF%db print%nonsense 1 2%")
    boot = b"m-timestamp-mode-performance\r\nm-lap-us-0\r\nm-init-done\r\nm-ready\r\n"
    expected = (
        b"m-name-dut-[host]\r\nm-ready\r\n"
        b"m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[kws01]\r\nm-ready\r\n"
        b"m-[Expecting 2 bytes]\r\nm-ready\r\n"
        b"m-load-done\r\nm-ready\r\n"
        b"m-buffer-0a-ff\r\nm-ready\r\n"
        b"e-[Unknown command: nonsense]\r\nm-ready\r\n"
    )
    found = b""
    while found.count(b"m-ready") < (boot + expected).count(b"m-ready"):
        found += link.read_line() + b"\n"
    assert re.sub(rb"us-\d+", b"us-0", found) == boot + expected


def test_scores_that_are_no_probabilities(talk: Talk, make_model: MakeModel) -> None:
    model, _ = make_model(KWS_BYTES, KWS_OUTPUTS, False)
    dialogue = talk("host", KWS_BYTES, KWS_OUTPUTS, False)
    data = np.random.default_rng(3).integers(-128, 128, (1, KWS_BYTES), dtype=np.int8)
    dialogue.load(data.tobytes())
    answer = dialogue.say("infer")
    assert answer[0] == "m-warmup-start-10"
    assert answer[2] == "m-infer-start-1"
    assert answer[-1] == shown(model.run(data)[0], model)
    assert ",-" in answer[-1]


def test_another_model_does_not_pass_for_kws01(talk: Talk, start: Start, run_folder: Path) -> None:
    assert talk("host", 480, KWS_OUTPUTS).say("profile") == [PROFILE, "m-model-[earshot-480-12]"]
    assert talk("host", KWS_BYTES, 4).say("profile") == [PROFILE, "m-model-[earshot-490-4]"]
    dialogue = Dialogue(start("host", "mlperf", run_folder / "c"))
    assert dialogue.say("profile") == [PROFILE, "m-model-[earshot-2107-4]"]


def test_earshot_features_of_that_size_do_not_pass_for_kws01(
    cmake: Callable[..., Any], make_model: MakeModel, run_folder: Path, tmp_path: Path
) -> None:
    """49 rows of 10 bins and 12 labels are no MFCCs: what comes with a front end is another model."""
    model = shutil.copytree(run_folder / "c", tmp_path / "c")
    for name in ("engine.c", "engine.h"):
        shutil.copy(make_model(KWS_BYTES, KWS_OUTPUTS)[1] / name, model)
    assert cmake("-S", ROOT, "-B", tmp_path / "build", "-DBOARD=host", f"-DMODEL={model}").returncode == 0
    assert cmake("--build", tmp_path / "build", "--target", "mlperf").returncode == 0
    with ProcessLink([str(tmp_path / "build" / "mlperf")]) as link:
        assert Dialogue(link).say("profile") == [PROFILE, "m-model-[earshot-490-12]"]


def test_infer_needs_an_input(host: Dialogue) -> None:
    missing = "e-[infer: the input has {} bytes, expected 490; say db load first]"
    assert host.say("infer 1 0") == [missing.format(0)]
    assert host.say("results") == ["e-[results: there are none; say infer first]"]
    host.say("db load 490")
    host.say("db 0102")
    assert host.say("infer 1 0") == [missing.format(2)]  # the runner would not have noticed
    host.load(bytes(490))
    assert host.say("infer 1 0")[-1].startswith("m-results-[")
    host.load(bytes(10))
    assert host.say("infer 1 0") == [missing.format(10)]
    assert host.say("results")[0].startswith("m-results-[")  # still those of the last inference


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("", "Unknown command: "),
        ("  ", "Unknown command: "),
        ("Name", "Unknown command: Name"),
        ("names", "Unknown command: names"),
        ("db", "db: expected load, print or bytes"),
        ("db load", "db load: expected a number of bytes"),
        ("db load 0", "db load: expected a number of bytes"),
        ("db load -1", "db load: expected a number of bytes"),
        ("db load 12x", "db load: expected a number of bytes"),
        ("db load 99999999999999999999", "db load: expected a number of bytes"),
        ("db load 491", "db load: the model's input has only 490 bytes"),
        ("db 00", "db: no bytes are expected; say db load first"),
        ("infer 0", "infer: expected 1 or more inferences, then 0 or more to warm up"),
        ("infer -5 1", "infer: expected 1 or more inferences, then 0 or more to warm up"),
        ("infer 1 -1", "infer: expected 1 or more inferences, then 0 or more to warm up"),
        ("infer 4294967295", "infer: expected 1 or more inferences, then 0 or more to warm up"),
        ("x" * 80, "Unknown command: " + "x" * 80),
        ("x" * 81, "A command has at most 80 bytes"),
        ("name" + " " * 77, "A command has at most 80 bytes"),
        ("db " + "00" * 5000, "A command has at most 80 bytes"),
    ],
)
def test_bad_commands(host: Dialogue, command: str, complaint: str) -> None:
    assert host.say(command) == [f"e-[{complaint}]"]
    assert host.say("name") == ["m-name-dut-[host]"]


def test_bad_bytes_change_nothing(host: Dialogue) -> None:
    host.say("db load 3")
    assert host.say("db 0a") == []
    assert host.say("db 0b0") == ["e-[db: expected two digits for each byte]"]
    assert host.say("db 0b0g") == ["e-[db: expected hexadecimal digits, found 0b0g]"]
    assert host.say("db print") == ["m-buffer-0a"]
    assert host.say("db 0B0cffff") == ["m-load-done"]  # digits too many are not kept
    assert host.say("db print") == ["m-buffer-0a-0b-0c"]
    assert host.say("db 00") == ["e-[db: no bytes are expected; say db load first]"]


def test_print_has_eight_bytes_per_line(host: Dialogue) -> None:
    assert host.say("db print") == []
    host.load(bytes(range(16)))
    assert host.say("db print") == [
        "m-buffer-00-01-02-03-04-05-06-07",
        "m-buffer-08-09-0a-0b-0c-0d-0e-0f",
    ]


def test_spaces_and_line_ends_between_words(host: Dialogue) -> None:
    assert host.say("\r\n  name ") == ["m-name-dut-[host]"]
    assert re.fullmatch(LAP, host.say("timestamp")[0])
    assert any("db load N" in line for line in host.say("help"))


def test_time_goes_on(host: Dialogue) -> None:
    stamps = [int(host.say("timestamp")[0].removeprefix("m-lap-us-")) for _ in range(20)]
    assert stamps == sorted(stamps)
    assert stamps[0] < 10_000_000


def test_half_a_command_gets_no_answer(host: Dialogue) -> None:
    host.link.timeout_s = 0.2
    host.link.send(b"nam")
    with pytest.raises(LinkError):
        host.lines()
    host.link.timeout_s = 30
    assert host.say("e") == ["m-name-dut-[host]"]
