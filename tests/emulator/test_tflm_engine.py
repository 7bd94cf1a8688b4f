"""ENGINE=tflm: what CMake says of a tree that will not do, and real TFLite-Micro where TFLM_ROOT names it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from generated_sources import write_manifest
from places import ROOT

from hil.boards.board import QEMU, load_board
from hil.link.process import ProcessLink

HARNESS = ROOT / "tests" / "c" / "report_model.c"
DOWNLOADS = "tensorflow/lite/micro/tools/make/downloads"
INTERPRETER = "tensorflow/lite/micro/micro_interpreter.h"
HEADERS = (
    f"{DOWNLOADS}/flatbuffers/include/flatbuffers/flatbuffers.h",
    f"{DOWNLOADS}/gemmlowp/fixedpoint/fixedpoint.h",
    f"{DOWNLOADS}/ruy/ruy/profiler/instrumentation.h",
)
LIBRARY = "lib/libtensorflow-microlite.a"
GENERATED = (
    *("engine.c", "engine.h", "frontend_tables.c", "frontend_tables.h"),
    *("model.cc", "model.h", "op_resolver.h"),
)
ARCHITECTURES = {  # as upstream's Makefile names its folders
    "host": f"{sys.platform}_{os.uname().machine}",
    "mps2-an385": "cortex_m_generic_cortex-m3",
    "mps2-an386": "cortex_m_generic_cortex-m4+fp",
    "mps2-an500": "cortex_m_generic_cortex-m7+fp",
    "mps3-an547": "cortex_m_generic_cortex-m55",
    "netduinoplus2": "cortex_m_generic_cortex-m4+fp",
}
TFLM_ROOT = os.environ.get("TFLM_ROOT")

pytestmark = pytest.mark.emulator
needs_tflm = pytest.mark.skipif(TFLM_ROOT is None, reason="TFLM_ROOT names no TFLite-Micro checkout")

CMake = Callable[..., subprocess.CompletedProcess[str]]
Configure = Callable[..., subprocess.CompletedProcess[str]]


def touch(root: Path, names: Iterable[str]) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def library(architecture: str, build: str) -> str:
    return f"gen/{architecture}_{build}_gcc/{LIBRARY}"


def plain(text: str) -> str:
    """CMake breaks its messages into lines; here they are whole again."""
    return " ".join(text.split())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout as far as CMake looks, without a library."""
    touch(tmp_path / "tflm", [INTERPRETER, *HEADERS])
    return tmp_path / "tflm"


@pytest.fixture
def configure(cmake: CMake, tmp_path: Path) -> Configure:
    """``configure(flag, …, board="host", env=None)``: CMake with ENGINE=tflm and a model of empty files."""
    touch(tmp_path / "c", GENERATED)
    write_manifest(tmp_path / "c")

    def run(
        *flags: str, board: str = "host", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        arguments = ("-S", ROOT, "-B", tmp_path / "build", f"-DBOARD={board}", "-DENGINE=tflm")
        return cmake(*arguments, f"-DMODEL={tmp_path / 'c'}", *flags, env=env)

    return run


def refusal(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode != 0
    assert result.stderr.count("CMake Error") == 1
    return plain(result.stderr)


def test_root_is_asked_for(configure: Configure) -> None:
    assert "ENGINE=tflm needs -DTFLM_ROOT=<folder>" in refusal(configure())


def test_root_is_no_checkout(configure: Configure, tmp_path: Path) -> None:
    message = refusal(configure(f"-DTFLM_ROOT={tmp_path}"))
    assert f"TFLM_ROOT {tmp_path} is no checkout of tflite-micro: it has no {INTERPRETER}" in message


@pytest.mark.parametrize("header", HEADERS)
def test_header_is_missing(configure: Configure, tree: Path, header: str) -> None:
    (tree / header).unlink()
    expected = (
        f"{tree / DOWNLOADS} has no {header.removeprefix(DOWNLOADS + '/')}; upstream's Makefile fetches it"
    )
    assert expected in refusal(configure(f"-DTFLM_ROOT={tree}"))


@pytest.mark.parametrize("name", ["model.cc", "model.h", "op_resolver.h"])
def test_generated_source_is_missing(configure: Configure, tree: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "c" / name).unlink()
    message = refusal(configure(f"-DTFLM_ROOT={tree}"))
    assert f"c has no {name}; make it with: earshot codegen" in message


@pytest.mark.parametrize("board", ARCHITECTURES)
def test_library_is_missing(configure: Configure, tree: Path, board: str) -> None:
    """Those of other boards do not count, nor those whose objects are laid out in another way."""
    if load_board(board).target is not None and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not on the PATH")
    own = ARCHITECTURES[board]
    others = [other for other in {*ARCHITECTURES.values(), "cortex_m_generic_cortex-m4"} if other != own]
    touch(tree, [library(other, "default") for other in others])
    touch(tree, [library(own, "default_compression"), library(own, "no_tf_lite_static_memory")])
    message = refusal(configure(f"-DTFLM_ROOT={tree}", board=board))
    assert f"gen has no library for board {board}: expected {own}_<build>/{LIBRARY}" in message
    assert f"TARGET_ARCH={own.removeprefix('cortex_m_generic_').removeprefix(sys.platform + '_')} " in message


def test_several_libraries_and_a_choice(configure: Configure, tree: Path) -> None:
    names = [library(ARCHITECTURES["host"], build) for build in ("default", "release")]
    touch(tree, names)
    message = refusal(configure(f"-DTFLM_ROOT={tree}"))
    assert "2 libraries fit board host; choose one with -DTFLM_LIBRARY=<file>" in message
    assert all(str(tree / name) in message for name in names)
    if shutil.which("c++") is None:
        pytest.skip("no C++ compiler to go on with")
    chosen = configure(f"-DTFLM_ROOT={tree}", f"-DTFLM_LIBRARY={tree / names[1]}")
    assert chosen.returncode == 0, chosen.stderr
    assert f"TFLite-Micro: {tree / names[1]}" in chosen.stdout


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("-DTFLM_LIBRARY=nowhere.a", "nowhere.a is no file; expected a libtensorflow-microlite.a"),
        ("-DTFLM_ARENA_BYTES=10k", "TFLM_ARENA_BYTES is '10k', expected a number of bytes"),
    ],
)
def test_flag_is_wrong(configure: Configure, tree: Path, flag: str, message: str) -> None:
    assert message in refusal(configure(f"-DTFLM_ROOT={tree}", flag))


def test_compiler_without_the_cpp_library(configure: Configure, tree: Path, tmp_path: Path) -> None:
    compiler = shutil.which("arm-none-eabi-g++")
    if compiler is None:
        pytest.skip("arm-none-eabi-g++ is not on the PATH")
    touch(tree, [library(ARCHITECTURES["mps2-an385"], "default")])
    bare = tmp_path / "bin" / "arm-none-eabi-g++"
    touch(bare.parent, [bare.name])
    bare.write_text(f'#!/bin/sh\nexec {compiler} -nostdinc++ "$@"\n')
    bare.chmod(0o755)
    env = os.environ | {"PATH": f"{bare.parent}:{os.environ['PATH']}"}
    message = refusal(configure(f"-DTFLM_ROOT={tree}", board="mps2-an385", env=env))
    assert "has no C++ standard library; install it, on Debian or Ubuntu: sudo apt-get install" in message


# From here on with the real one.


@pytest.fixture
def generated(run_folder: Path) -> Path:
    return run_folder / "c"


def real_libraries(board: str) -> list[Path]:
    found = sorted(Path(str(TFLM_ROOT)).glob(library(ARCHITECTURES[board], "*")))
    return [path for path in found if not re.search("_compression_|_no_tf_lite_static_memory_", str(path))]


def build(
    cmake: CMake, folder: Path, board: str, model: Path, chosen: Path, *flags: str, target: str
) -> Path:
    """The folder with the target built by one of upstream's libraries."""
    options = (f"-DBOARD={board}", f"-DMODEL={model}", "-DENGINE=tflm", f"-DTFLM_ROOT={TFLM_ROOT}")
    library_flag = f"-DTFLM_LIBRARY={chosen}"
    for arguments in (
        ("-S", ROOT, "-B", folder, *options, library_flag, *flags),
        ("--build", folder, "--target", target),
    ):
        result = cmake(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
    return folder


def run_feature_test(board: str, program: Path) -> list[str]:
    """What it says, verdict included."""
    lines: list[str] = []
    with ProcessLink(load_board(board).command(program)) as link:
        while not lines or not lines[-1].startswith("~~~"):
            lines.append(link.read_line().decode())
    return lines


def skip_unless_runnable(board: str) -> None:
    if load_board(board).target is not None and shutil.which("arm-none-eabi-g++") is None:
        pytest.skip("arm-none-eabi-g++ is not on the PATH")
    if load_board(board).run_kind == QEMU and shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not on the PATH")
    if not real_libraries(board):
        pytest.skip(f"TFLM_ROOT has no library for {board}")


@needs_tflm
@pytest.mark.parametrize("board", ARCHITECTURES)
def test_scores_on_the_board(cmake: CMake, tmp_path: Path, generated: Path, board: str) -> None:
    """Those of the interpreter on the host, with the kernels of every library there is."""
    skip_unless_runnable(board)
    for number, chosen in enumerate(real_libraries(board)):
        folder = build(cmake, tmp_path / str(number), board, generated, chosen, target="feature_test")
        lines = run_feature_test(board, folder / "feature_test")
        assert lines[-1] == "~~~ALL TESTS PASSED~~~", f"{chosen}: {lines}"
        scores = {line.partition("passed, ")[2] for line in lines if "features of" in line}
        assert len(scores) > 1, "the same answer to everything would prove little"


@needs_tflm
@pytest.mark.parametrize("board", ARCHITECTURES)
def test_small_arena_on_the_board(cmake: CMake, tmp_path: Path, generated: Path, board: str) -> None:
    """Noticed at the start, and nothing run past it."""
    skip_unless_runnable(board)
    chosen = real_libraries(board)[0]
    flag = "-DTFLM_ARENA_BYTES=4096"
    folder = build(cmake, tmp_path / "build", board, generated, chosen, flag, target="feature_test")
    lines = run_feature_test(board, folder / "feature_test")
    assert lines[-1] == "~~~SOME TESTS FAILED~~~"
    assert not any("Testing" in line for line in lines)


@needs_tflm
class TestStart:
    """What kws_model_init() finds, on the host."""

    @pytest.fixture
    def start(self, cmake: CMake, tmp_path: Path) -> Callable[..., tuple[int, int, str]]:
        """``start(model, flag, …)``: the failure, the bytes of the arena used, and the words for it."""
        skip_unless_runnable("host")

        def run(model: Path, *flags: str) -> tuple[int, int, str]:
            chosen = real_libraries("host")[0]
            folder = build(cmake, tmp_path / "build", "host", model, chosen, *flags, target="kws_engine")
            program = tmp_path / "report"
            archives = [str(folder / "libkws_engine.a"), str(chosen)]
            includes = ["-x", "c", f"-I{ROOT / 'firmware'}", f"-I{model}", "-DKWS_ENGINE_TFLM"]
            includes += [flag.replace("-DTFLM_", "-DKWS_TFLM_") for flag in flags]
            includes += [str(HARNESS), "-x", "none"]
            subprocess.run(["c++", *includes, *archives, "-o", str(program)], check=True)
            done = subprocess.run([program], capture_output=True, text=True)
            assert done.returncode == 0, done
            failure, arena_bytes, words = done.stdout.rstrip("\n").split(" ", 2)
            return int(failure), int(arena_bytes), words

        return run

    @pytest.fixture
    def spoil(self, generated: Path, tmp_path: Path) -> Callable[[str, str, str], Path]:
        """``spoil(file, old, new)``: the generated sources, changed in one place."""

        def change(name: str, old: str, new: str) -> Path:
            copy = tmp_path / "c"
            shutil.copytree(generated, copy)
            text = (copy / name).read_text()
            assert text.count(old) >= 1
            (copy / name).write_text(text.replace(old, new, 1))
            return copy

        return change

    def test_arenas_of_many_sizes(self, start, generated) -> None:
        """TFLite-Micro alone crashes with some of these."""
        failure, used_bytes, words = start(generated)
        assert (failure, words) == (0, "")
        for arena_bytes in (16, 224, 960, 1600, 4096, used_bytes - 16):
            failure, used, words = start(generated, f"-DTFLM_ARENA_BYTES={arena_bytes}")
            assert (failure, used) == (-3, 0)
            assert words.startswith("the tensor arena is too small: needs at least ")
            assert f" bytes, has {arena_bytes}; build with a larger -DTFLM_ARENA_BYTES" in words
            assert arena_bytes < int(words.split()[9]) <= used_bytes

    def test_operator_is_missing(self, start, spoil) -> None:
        line = "  if (op_resolver.AddSoftmax() != kTfLiteOk) return kTfLiteError;\n"
        failure, _, words = start(spoil("op_resolver.h", line, ""))
        assert failure == -2
        assert words.startswith(
            "op 3 of the model is builtin operator 25, which op_resolver.h does not register"
        )

    def test_resolver_is_too_small(self, start, spoil) -> None:
        failure, _, words = start(spoil("op_resolver.h", "Resolver<4>", "Resolver<3>"))
        assert (failure, words.partition(";")[0]) == (-2, "op_resolver.h has no room for its own operators")

    def test_model_is_no_tflite(self, start, spoil) -> None:
        failure, _, words = start(spoil("model.cc", "0x54, 0x46, 0x4c, 0x33", "0x54, 0x46, 0x4c, 0x32"))
        assert (failure, words.partition(";")[0]) == (-1, "model.cc holds no .tflite")

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("int8, 2107)", "int8, 2108)", "input 0 of the model has 2107 bytes of type 9, expected 2108"),
            ("END(0, , int8, 4)", "END(0, , int8, 3)", "output 0 of the model has 4 bytes of type 9"),
        ],
    )
    def test_sizes_of_another_model(self, start, spoil, old: str, new: str, words: str) -> None:
        failure, _, found = start(spoil("engine.h", old, new))
        assert failure == -5
        assert found.startswith(words)
