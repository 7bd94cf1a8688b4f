"""Damaged .tflite files: C of TFLite-Micro's bits, or one line, from ``earshot codegen``."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fuzzing import cases
from fuzzing.campaign import ACCEPTED, EQUAL, REFUSED, run_cases
from fuzzing.tflite_damage import damaged
from invoke import invoke
from kernel_models import random_convolutions, random_dense, random_pools, random_sums, separable, tiny_conv
from model_ends import inputs_of, with_ends
from operator_forms import GROUPS
from places import C_PROGRAMS, SHARED

from codegen import command, native
from codegen.native import UNDEFINED_SANITIZER, NativeEngine, compile_engine
from train.core.manifest import COMPILED, read_manifest
from train.tflite.tflm import TflmModel

pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")

FILES = cases(20, 2000)
FOUND = ()  # seeds beyond the first that once showed a fault
COMPILED_SHARE = cases(10, 4)  # one in so many is compiled and run
INPUTS = 5
ADDRESS_SANITIZER = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")


def bases() -> list[bytes]:
    """Sound files: networks, a form of each operator, other ends, and public ones where they are."""
    networks = [tiny_conv(), separable(channels=8), random_convolutions(1), random_dense(2), random_pools(3)]
    forms = [form(np.random.default_rng(4)) for group in GROUPS.values() for form in group.values()]
    other_ends = [with_ends(networks[3], *ends) for ends in (("float32", "uint8"), ("int16", "float32"))]
    public = sorted((SHARED / "cases" / "models").glob("*.tflite"))
    return [*networks, random_sums(4), *forms, *other_ends, *(path.read_bytes() for path in public)]


@pytest.mark.fuzz
def test_damaged_tflite(tmp_path: Path, tell: Callable[[str], None], request: pytest.FixtureRequest) -> None:
    files = bases()
    if os.environ.get("EARSHOT_FUZZ"):
        network = request.getfixturevalue("normalized_network")
        files += [network(name, "average") for name in ("conv", "spectro_temporal", "low_latency_svdf")]

    def case(seed: int, folder: Path) -> tuple[str, str]:
        path = folder / "model.tflite"
        path.write_bytes(damaged(seed, files))
        invoke(command, [path, "--out", folder / "c"])
        manifest = read_manifest(folder / "c", "a fault of codegen")
        if COMPILED in manifest.refusals:
            return ACCEPTED, f"TFLite-Micro alone: {manifest.refusals[COMPILED]}"
        if seed % COMPILED_SHARE:
            return ACCEPTED, ""
        check_bits(path.read_bytes(), folder)
        return EQUAL, ""

    native._kernel_object.cache_clear()  # what other tests compiled lies elsewhere
    native._objects.cache_clear()
    campaign = run_cases("tflite", case, FILES, tmp_path, tell, FOUND)
    campaign.check()
    assert campaign.outcomes[REFUSED] < len(files) + 0.95 * FILES


def check_bits(tflite: bytes, folder: Path) -> None:
    """The compiled engine's outputs are TFLite-Micro's, and it touches nothing that is not its own."""
    oracle = TflmModel(tflite, "damaged")
    inputs = inputs_of(oracle, INPUTS)
    expected = oracle.run_all(inputs)
    engine = NativeEngine(tflite, "damaged", (*UNDEFINED_SANITIZER, "-O1"))
    for found, wanted in zip(engine.run_all(inputs), expected, strict=True):
        np.testing.assert_array_equal(found.reshape(wanted.shape), wanted)
    if len(inputs) == len(expected) == 1 and inputs[0].dtype == expected[0].dtype == np.int8:
        program = folder / "program"
        (folder / "sources").mkdir()
        compile_engine(
            tflite, "damaged", folder / "sources", program, ADDRESS_SANITIZER, [C_PROGRAMS / "run_engine.c"]
        )
        # ASan reserves more addresses than the limit of this process has.
        command = ["prlimit", "--as=unlimited", program]
        done = subprocess.run(command, input=inputs[0].tobytes(), capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout == expected[0].tobytes()
