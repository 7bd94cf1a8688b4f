"""Each format is what its ecosystem takes, by the strongest means that are at hand; and what they share."""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from live_sounds import EAGER, noisy
from places import C_PROGRAMS

from codegen.export.folder import contents_of
from codegen.export.formats import FORMATS
from codegen.export.library import Library, load_library
from train.core.manifest import COMPILED, TFLM
from train.core.operating_point import INFERENCE_STRIDE_ROWS
from train.detection.reference_listener import recognize, stream_scores
from train.tflite.tflm import int8_model

CORE = C_PROGRAMS / "arduino"
SKETCHES = ("Nano33BLESense_PDM", "ESP32_I2S")
# By the Arduino library specification, format 1.5, revision 2.2.
CATEGORIES = {
    "Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing", "Data Storage",
    "Data Processing", "Other",
}  # fmt: skip
REQUIRED = {
    "name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url", "architectures"
}  # fmt: skip
OPTIONAL = {"includes", "depends", "dot_a_linkage", "precompiled", "ldflags"}


def export(library, name: str, folder: Path) -> Path:
    """The folder of an export."""
    for path, content in contents_of(library, FORMATS[name]).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def kinds(runs) -> list[Library]:
    """A library of each kind for each engine."""
    places = {"one": runs["one"], "net": runs["one"] / "model.tflite"}
    return [
        load_library(place, prefix, engine) for prefix, place in places.items() for engine in (COMPILED, TFLM)
    ]


@pytest.mark.parametrize("name", [name for name, it in FORMATS.items() if it.holds_library])
def test_what_every_export_has(kinds, name):
    for library in kinds:
        contents = contents_of(library, FORMATS[name])
        prefix, engine = library.prefix, library.engine
        manifest = json.loads(contents["manifest.json"])
        assert (manifest["format"], manifest["prefix"], manifest["engine"]) == (name, prefix, engine)
        hashes = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
        assert manifest["files"] == {path: it for path, it in hashes.items() if path != "manifest.json"}
        assert b"Apache License" in contents["LICENSE"]
        assert b"CC0-1.0" in contents["LICENSE"]
        readme = contents["README.md"].decode()
        assert f"{prefix}.h" in readme
        assert f"{manifest['memory_bytes']:,}" in readme
        assert "Library(" not in readme  # as an object would print itself
        assert all("\\" not in path and not path.startswith(("/", ".")) for path in contents)
        headers = [path for path in contents if Path(path).name == f"{prefix}.h"]
        assert len(headers) == 1
        if name == "c":
            assert len(contents) <= 12
            assert all("/" not in path for path in contents)


def test_a_word_cannot_break_out_of_what_it_is_in(runs, tmp_path):
    """Words stand in comments, in strings, in JSON and in lists of properties."""
    shutil.copytree(runs["one"], tmp_path / "run")
    spec = json.loads((tmp_path / "run" / "spec.json").read_text())
    spec["labels"][2:] = ['a"b??', "*?> % ü"]
    (tmp_path / "run" / "spec.json").write_text(json.dumps(spec))
    clips = tmp_path / "run" / "clips" / "clips.json"
    clips.write_text(clips.read_text().replace('"label": "yes"', '"label": "_silence_"'))
    (tmp_path / "run" / "operating_points.json").unlink()
    library = load_library(tmp_path / "run")
    assert library.prefix == "a_b_u"
    folder = export(library, "platformio", tmp_path / "pio")
    assert json.loads((folder / "library.json").read_text(encoding="utf-8"))["name"] == "a_b_u"
    folder = export(library, "arduino", tmp_path / "arduino")
    lines = (folder / "library.properties").read_text(encoding="utf-8").split("\n")
    assert len([line for line in lines if line]) == len(REQUIRED) + 1
    for sketch in SKETCHES:
        compile_sketch(folder, sketch, "-fsyntax-only")


def properties(folder: Path) -> dict[str, str]:
    lines = (folder / "library.properties").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_arduino_is_as_the_specification_says(libraries, tmp_path):
    folder = export(libraries["one"], "arduino", tmp_path)
    found = properties(folder)
    assert set(found) >= REQUIRED
    assert set(found) <= REQUIRED | OPTIONAL
    assert all(found.values())
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]*", found["name"])
    assert not found["name"].lower().startswith("arduino")
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"])
    assert found["category"] in CATEGORIES
    assert found["url"].startswith("https://")
    assert found["architectures"] == "*"  # any core will do
    assert [path.name for path in (folder / "src").glob("*.h")] == [found["includes"]] == ["one.h"]
    assert {path.suffix for path in folder.iterdir() if path.is_file()}.isdisjoint({".c", ".cpp", ".h"})
    assert not (folder / "utility").exists()  # of the layout without src
    for sketch in (folder / "examples").iterdir():
        assert (sketch / f"{sketch.name}.ino").is_file()
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", sketch.name)
    assert sorted(path.name for path in (folder / "examples").iterdir()) == sorted(SKETCHES)


def compile_sketch(folder: Path, name: str, *arguments: str | Path) -> None:
    """Compile a sketch as the IDE does: only src is searched, and what is there compiled recursively."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("there is no g++")
    flags = ["-std=gnu++17", "-Wall", "-Wextra", "-Werror", f"-I{CORE}", f"-I{folder / 'src'}"]
    sketch = folder / "examples" / name / f"{name}.ino"
    subprocess.run([compiler, *flags, "-x", "c++", sketch, *arguments], check=True)


def test_a_sketch_for_an_i2s_microphone_compiles(libraries, tmp_path):
    compile_sketch(export(libraries["one"], "arduino", tmp_path), "ESP32_I2S", "-fsyntax-only")


def test_a_sketch_for_a_pdm_microphone_hears(libraries, runs, compiler, tmp_path):
    library = libraries["one"]
    folder = export(library, "arduino", tmp_path)
    sources = (folder / "src").rglob("*.c")
    flags = ["-O0", f"-I{folder / 'src'}"]
    subprocess.run([compiler, *flags, "-c", *sources], cwd=tmp_path, check=True)
    objects = ["-x", "none", *tmp_path.glob("*.o")]
    compile_sketch(folder, "Nano33BLESense_PDM", CORE / "run_pdm.cc", *objects, "-o", tmp_path / "sketch")
    samples = noisy(3.0, 7)
    done = subprocess.run([tmp_path / "sketch"], input=samples.tobytes(), capture_output=True, check=True)
    model = int8_model(library.tflite, "model")
    scores, times_ms = stream_scores(model.run, samples, library.spec.front_end, INFERENCE_STRIDE_ROWS)
    heard = recognize(scores, times_ms, EAGER)
    assert len(heard) > 2
    lines = done.stdout.decode().splitlines()
    # The end of the input comes with a buffer that is not full.
    assert lines == [f"{library.labels[it.label]} {it.score}" for it in heard][: len(lines)]
    assert len(lines) >= len(heard) - 1


def test_cmake_finds_the_package(libraries, tmp_path):
    if shutil.which("cmake") is None:
        pytest.skip("there is no cmake")
    folder = export(libraries["one"], "cmake", tmp_path)
    steps = re.findall(r"^    (cmake .*|example/\S+ .*)$", (folder / "README.md").read_text(), re.MULTILINE)
    assert len(steps) == 6  # as the user types them
    samples = noisy(2.0, 8)
    (folder / "recording.wav").write_bytes(samples.tobytes())
    for step in steps:
        done = subprocess.run(step, shell=True, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, step + done.stdout + done.stderr
    assert "ms: " in done.stdout
    assert sorted(path.name for path in (folder / "installed" / "include").iterdir()) == ["one.h"]


def test_platformio_packs_it(libraries, tmp_path):
    if importlib.util.find_spec("platformio") is None:
        pytest.skip("there is no platformio; it is in the extra dev")
    folder = export(libraries["one"], "platformio", tmp_path / "library")
    manifest = json.loads((folder / "library.json").read_text())
    assert manifest.pop("license") == "Apache-2.0"  # the list of licences is on the net
    (folder / "library.json").write_text(json.dumps(manifest))
    environment = os.environ | {"PLATFORMIO_CORE_DIR": str(tmp_path / "core"), "PLATFORMIO_NO_ANSI": "1"}
    command = [sys.executable, "-m", "platformio", "pkg", "pack", folder, "-o", tmp_path / "one.tar.gz"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "one.tar.gz").is_file()
    examples = [folder / it["base"] / file for it in manifest["examples"] for file in it["files"]]
    assert len(examples) == 6
    assert all(path.is_file() for path in examples)
