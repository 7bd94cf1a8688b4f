import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from invoke import invoke
from micro_runs import exported, write_run
from operating_points import put_in_force

from codegen.export import command
from codegen.export.micro_speech.ports import OTHERS, PORTS, UPSTREAM, Array, Port
from train.core.errors import UserError
from train.core.manifest import MANIFEST, TFLM
from train.core.operating_point import NEVER, OperatingPoint

LABELS = ["silence", "unknown", "yes", "größe"]
BY_FOLDER = {port.folder: port for port in PORTS}


def _sources(folder: Path, port: Port) -> list[Path]:
    return sorted(path for path in (folder / port.folder).rglob(f"*{port.suffix}") if _is_data(path))


def _is_data(path: Path) -> bool:
    return "model" in path.name


@pytest.mark.parametrize("name", BY_FOLDER)
def test_every_port_has_its_files(name: str, folders: dict[str, Path]) -> None:
    port = BY_FOLDER[name]
    place = folders["fits"] / port.folder / port.root
    arrays = [port.model, *([port.front_end] if port.front_end else [])]
    expected = {f"{port.settings}.h", *(f"{array.path}.h" for array in arrays)}
    expected |= {f"{array.path}{port.suffix}" for array in arrays if not array.header_only}
    expected |= {f"{port.settings}{port.suffix}"} if port.labels_apart else set()
    if port is UPSTREAM:
        names = ("models/micro_speech_quantized.tflite", "models/audio_preprocessor_int8.tflite")
        expected |= {*names, "micro_speech_test.cc"}
    assert {path.relative_to(place).as_posix() for path in place.rglob("*.*")} == expected


@pytest.mark.parametrize("port", OTHERS, ids=lambda port: port.folder)
def test_program_comes_where_the_examples_own_does_not_do(port: Port, folders: dict[str, Path]) -> None:
    assert not (folders["fits"] / port.folder / port.program).exists()
    program = (folders["needs_more"] / port.folder / port.program).read_text(encoding="utf-8")
    assert re.findall(r"operators\.(\w+)\(\)", program) == [
        "AddReshape", "AddConv2D", "AddFullyConnected", "AddSoftmax",
    ]  # fmt: skip
    assert "MicroMutableOpResolver<4>" in program
    for header in (f"{port.settings}.h", f"{port.model.path}.h"):
        assert f'#include "{header}"' in program
        assert (folders["needs_more"] / port.folder / header).is_file()


def test_arrays_hold_the_models(folders: dict[str, Path]) -> None:
    models = folders["fits"] / UPSTREAM.folder / UPSTREAM.root / "models"
    for name in ("micro_speech_quantized", "audio_preprocessor_int8"):
        text = (models / f"{name}_model_data.cc").read_text(encoding="utf-8")
        data = bytes(int(byte, 16) for byte in re.findall(r"0x(..),", text))
        assert data == (models / f"{name}.tflite").read_bytes()


@pytest.mark.parametrize("name", ["tflite-micro", "esp-tflite-micro", "silabs"])
def test_compiles_and_links(name: str, folders: dict[str, Path], tmp_path: Path) -> None:
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("there is no C++ compiler (c++)")
    port = BY_FOLDER[name]
    place = folders["fits"] / port.folder / port.root
    arrays: list[Array] = [port.model, *([port.front_end] if port.front_end else [])]
    lines = [f'#include "{path}.h"' for path in (port.settings, *(array.path for array in arrays))]
    lines += ["#include <cstdint>", "#include <cstdio>", "int main() {"]
    lines += [
        f'  std::printf("%d %d %d\\n", {it}[4], {it}[7], int((uintptr_t){it} % 16));'
        for it in (array.name for array in arrays)
    ]
    lines += [f'  std::printf("%d\\n", int({array.size}));' for array in arrays]
    lines += ['  for (int i = 0; i < kCategoryCount; ++i) std::printf("%s\\n", kCategoryLabels[i]);']
    lines += ['  std::printf("%d %d\\n", kFeatureElementCount, kFeatureSliceCount * kFeatureSliceSize);', "}"]
    main = tmp_path / "main.cc"
    main.write_text("\n".join(lines), encoding="utf-8")
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{place}"]
    sources = [main, *_sources(folders["fits"], port)]
    subprocess.run([compiler, *flags, *sources, "-o", tmp_path / "program"], check=True)
    output = subprocess.run(tmp_path / "program", check=True, capture_output=True, text=True).stdout
    sizes = [
        str((folders["fits"] / UPSTREAM.folder / UPSTREAM.root / "models" / f"{it}.tflite").stat().st_size)
        for it in ("micro_speech_quantized", "audio_preprocessor_int8")
    ]
    starts = [f"{ord('T')} {ord('3')} 0"] * len(arrays)
    assert output.splitlines() == [*starts, *sizes[: len(arrays)], *LABELS, "1960 1960"]


def test_readme_names_what_to_copy(folders: dict[str, Path]) -> None:
    texts = {name: (folder / "README.md").read_text(encoding="utf-8") for name, folder in folders.items()}
    for port in PORTS:
        assert f"`{port.folder}/`" in texts["fits"]
    assert "silence, unknown, yes, größe" in texts["fits"]
    assert "RecognizeCommands static_recognizer(1000, 200, 1500, 3);" in texts["fits"]
    assert "AddConv2D" in texts["needs_more"]


def test_other_front_ends_are_refused(of_average: bytes, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", of_average, "average")
    with pytest.raises(UserError, match=r"run: was trained on .* front end average .* --preset micro"):
        exported(run, tmp_path / "export")


def test_a_file_is_refused(tiny_conv: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(tiny_conv)
    with pytest.raises(UserError, match=r"model\.tflite: a \.tflite on its own has no labels"):
        exported(path, tmp_path / "export")


def test_a_prefix_is_refused(tmp_path: Path) -> None:
    flags = [str(tmp_path), "--to", "micro_speech", "--prefix", "mine", "--out", str(tmp_path / "export")]
    with pytest.raises(UserError, match="--prefix mine: the files of --to micro_speech have the names"):
        invoke(command, flags)


def test_manifest_tells_no_sizes_of_our_library(folders: dict[str, Path]) -> None:
    manifest = json.loads((folders["fits"] / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["engine"] == TFLM
    assert [manifest[name] for name in ("prefix", "memory_bytes", "arena_bytes", "flash_bytes")] == [None] * 4


def test_a_word_that_is_never_reported_does_not_raise_the_threshold(tiny_conv: bytes, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", tiny_conv)
    put_in_force(run, OperatingPoint(750, 1500, 3, (NEVER, NEVER, 180, NEVER)))
    readme = (exported(run, tmp_path / "export") / "README.md").read_text(encoding="utf-8")
    assert "RecognizeCommands static_recognizer(750, 180, 1500, 3);" in readme
