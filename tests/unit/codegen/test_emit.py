"""RUN/c: that it compiles without a warning, holds what it should, and is refused where it must be."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import jinja2
import numpy as np
import pytest
from generated_sources import read_all
from places import C_PROGRAMS

from codegen.emit import generate
from codegen.render import render
from train.audio import frontend, wav
from train.core import runfolder
from train.core.errors import UserError
from train.core.manifest import MANIFEST
from train.core.spec import FrontEnd, ModelSpec, labels_for
from train.tflite.tflm import TflmModel

HARNESS = C_PROGRAMS
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror"]
HARD_WORDS = ("größe", 'say "??')
# Names that are no C identifiers as they stand, or become the same one.
HARD_CLIPS = {
    "yes_1.wav": "_unknown_",
    "größe 1.wav": "größe",
    "größe-1.wav": "größe",
    "int.wav": "_unknown_",
    "7up_1.wav": "_unknown_",
    "да_1.wav": "_unknown_",
    'say "??_1.wav': 'say "??',
    "_silence__1.wav": "_silence_",
    "silence_1.wav": "_unknown_",
}

needs_compiler = pytest.mark.skipif(
    shutil.which("g++") is None, reason="no g++ to compile generated C++ with"
)


CPP, C11 = ["g++", "-std=c++17"], ["gcc", "-std=c11", "-x", "c"]


def compile_object(command: list[str], source: Path, generated: Path) -> str:
    """Compile one source beside the generated ones, without a warning, and return the object file."""
    target = generated.parent / f"{source.name}.o"
    includes = [f"-I{generated}", f"-I{HARNESS}"]
    arguments = [*command, *WARNINGS, *includes, "-c", str(source), "-o", str(target)]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return str(target)


def build_harness(run: Path) -> Path:
    """The program that prints what the generated sources hold."""
    sources = [HARNESS / "print_generated.cc", *sorted((run / "c").glob("*.cc"))]
    objects = [compile_object(CPP, source, run / "c") for source in sources]
    subprocess.run(["g++", *objects, "-o", str(run / "program")], check=True)
    return run / "program"


def read_printed(program: Path) -> dict[str, list[str]]:
    """Lines that the harness prints, by their first word."""
    done = subprocess.run([program], capture_output=True, text=True, check=True, encoding="utf-8")
    printed: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        key, _, rest = line.partition(" ")
        printed.setdefault(key, []).append(rest)
    return printed


@needs_compiler
def test_what_the_compiled_sources_hold(make_run, tiny_tflite):
    run = make_run(clips=HARD_CLIPS, words=HARD_WORDS)
    spec = runfolder.read_spec(run)
    generate(run)
    printed = read_printed(build_harness(run))

    model = TflmModel(tiny_tflite, "tiny")
    assert printed["ops"] == ["0 4"]
    assert printed["aligned"] == ["1"]
    assert printed["arena"] == [str(model.arena_bytes)]
    assert bytes.fromhex(printed["model"][0]) == tiny_tflite
    assert printed["sizes"] == ["512 16000 6 43 49 2107"]
    assert printed["ms"] == ["20 30"]
    assert printed["indices"] == ["0 1 4"]
    assert printed["input"] == ["0.5 -128"]
    assert printed["output"] == ["0.00390625 -128"]
    assert printed["label"] == list(spec.labels)

    audio = np.stack([wav.to_float(wav.read_wav(run / "clips" / name, 16000)) for name in HARD_CLIPS])
    features = (frontend.wav_features(audio, spec.front_end).astype(int) - 128).astype(np.int8)
    assert (features > -128).any(), "silence would prove nothing"
    assert (features[1, :, 42] > -128).all(), "7956 Hz is in the last bin"
    assert printed["test"] == [f"{spec.labels.index(label)} {name}" for name, label in HARD_CLIPS.items()]
    found = np.array([line.split() for line in printed["features"]], dtype=np.int8)
    assert (found == features.reshape(len(HARD_CLIPS), -1)).all()
    scores = np.array([line.split() for line in printed["scores"]], dtype=np.int8)
    assert (scores == model.run(features)).all()
    assert len(np.unique(scores, axis=0)) > 1


def test_the_audio_is_that_of_the_first_word(make_run):
    run = make_run(clips={"_silence__1.wav": "_silence_", "größe_1.wav": "größe", "yes_1.wav": "yes"})
    generate(run)
    numbers = re.search(r"data\[\] = \{(.*?)\};", (run / "c" / "groe_1_audio_data.cc").read_text(), re.DOTALL)
    found = np.array(numbers[1].replace(",", " ").split(), dtype=np.int16)
    assert np.array_equal(found, wav.read_wav(run / "clips" / "größe_1.wav", 16000))
    table = (run / "c" / "audio_tests.cc").read_text()
    assert "g_groe_1_audio_data, 16000, g_groe_1_data" in table
    assert len(list((run / "c").glob("*_audio_data.cc"))) == 1


def test_audio_without_any_word_is_that_of_the_first_clip(make_run):
    run = make_run(clips={"_silence__1.wav": "_silence_", "other.wav": "_unknown_"})
    generate(run)
    assert (run / "c" / "silence_1_audio_data.cc").is_file()


@needs_compiler
def test_headers_and_data_are_c11_too(make_run):
    run = make_run()
    generate(run)
    model = run / "c" / "model.cc"  # is C++ for the sake of alignas
    others = [HARNESS / "use_generated.c", *sorted(set((run / "c").glob("*.cc")) - {model})]
    objects = [compile_object(CPP, model, run / "c")]
    objects += [compile_object(C11, source, run / "c") for source in others]
    subprocess.run(["gcc", *objects, "-o", str(run / "program")], check=True)
    done = subprocess.run([run / "program"], capture_output=True, check=True, encoding="utf-8")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["yes", "größe", "_silence_"]


@needs_compiler
def test_the_stand_in_notices_an_operator_too_many(make_run):
    """The resolver has room for exactly its operators, and the harness would see one more."""
    run = make_run()
    generate(run)
    header = run / "c" / "op_resolver.h"
    header.write_text(header.read_text().replace("Resolver<4>", "Resolver<3>"))
    program = build_harness(run)
    assert read_printed(program)["ops"] == ["1 3"]


@needs_compiler
@pytest.mark.skipif("TFLM_ROOT" not in os.environ, reason="TFLM_ROOT names no TFLite-Micro checkout")
def test_the_op_resolver_compiles_against_upstream(make_run):
    run = make_run()
    generate(run)
    root = Path(os.environ["TFLM_ROOT"])
    downloads = root / "tensorflow/lite/micro/tools/make/downloads"  # where upstream's Makefile puts them
    includes = [root, downloads / "flatbuffers/include", downloads / "gemmlowp"]
    source = run / "main.cc"
    source.write_text('#include "op_resolver.h"\nint main() { OpResolver r; return RegisterOps(r); }\n')
    flags = [flag for include in includes for flag in ("-isystem", str(include))]
    command = ["g++", "-std=c++17", "-fsyntax-only", *WARNINGS, f"-I{run / 'c'}", *flags, str(source)]
    subprocess.run(command, check=True)


def test_the_same_run_gives_the_same_bytes(make_run):
    run = make_run()
    paths = generate(run)
    first = read_all(run / "c")
    shutil.rmtree(run / "c")
    assert generate(run) == paths
    assert read_all(run / "c") == first
    assert {path.name for path in paths} == set(first)


def test_every_file_opens_with_the_banner(make_run):
    run = make_run()
    digest = runfolder.sha256_file(run / "model.tflite")
    sources = [path for path in generate(run) if path.name != MANIFEST]
    assert len(sources) > 20
    for path in sources:
        lines = path.read_text(encoding="ascii").splitlines()
        assert lines[0].startswith("// Generated by Earshot ")
        assert lines[0].endswith("Do not edit.")
        assert lines[1] == f"// Model SHA-256: {digest}"
        assert lines[2] == "// This file is yours, to use as you like."
        assert lines[3] == "// SPDX-License-Identifier: CC0-1.0"
        assert path.read_text().count("SPDX-License-Identifier") == 1
        assert str(run) not in path.read_text(), "a path of this machine would differ on the next"


def test_what_an_earlier_generation_left_is_removed_and_nothing_else(make_run):
    run = make_run()
    generate(run)
    (run / "c" / "mine.cc").write_text("int mine;\n")
    (run / "c" / "empty.h").touch()
    (run / "c" / "folder").mkdir()
    assert (run / "c" / "silence_1_features_data.cc").exists()
    entries = json.loads((run / "clips" / "clips.json").read_text(encoding="utf-8"))
    runfolder.write_json(run / "clips" / "clips.json", entries[:1])
    paths = generate(run)
    left = {path.name for path in (run / "c").iterdir()}
    assert left == {path.name for path in paths} | {"mine.cc", "empty.h", "folder"}
    assert "silence_1_features_data.cc" not in left


def test_a_file_of_the_users_is_not_overwritten(make_run):
    run = make_run()
    (run / "c").mkdir()
    (run / "c" / "model.cc").write_text("// mine\n")
    with pytest.raises(UserError, match=r"model\.cc: was not made by codegen.*move it"):
        generate(run)
    assert [path.name for path in (run / "c").iterdir()] == ["model.cc"], (
        "nothing is written before the check"
    )


def test_not_a_run_folder(tmp_path):
    with pytest.raises(UserError, match="not a finished run folder"):
        generate(tmp_path)


def test_a_missing_model(make_run):
    run = make_run()
    (run / "model.tflite").unlink()
    with pytest.raises(UserError, match=r"model\.tflite: missing"):
        generate(run)


def test_a_model_of_another_run(make_run, tiny_tflite):
    run = make_run()
    (run / "model.tflite").write_bytes(tiny_tflite[:-1] + bytes([tiny_tflite[-1] ^ 1]))
    with pytest.raises(UserError, match=r"model\.tflite: does not belong to .*SHA-256"):
        generate(run)
    assert not (run / "c").exists()


def test_a_float_model(make_run, float_tflite):
    with pytest.raises(UserError, match="tensors hold floats"):
        generate(make_run(tflite=float_tflite))


def test_a_model_with_another_number_of_labels(make_run):
    with pytest.raises(UserError, match=r"output shape is \(4,\), expected \(5,\) by spec\.json"):
        generate(make_run(words=("yes", "größe", "no")))


def test_a_model_with_another_front_end(make_run):
    run = make_run()
    front_end = FrontEnd(window_stride_ms=10)
    spec = ModelSpec(labels=labels_for(("yes", "größe")), front_end=front_end)
    runfolder.write_spec(run, spec, [runfolder.TFLITE])
    with pytest.raises(UserError, match="number of input values is 2107, expected 4214"):
        generate(run)


def test_missing_clips(make_run):
    run = make_run()
    (run / "clips" / "yes_1.wav").unlink()
    with pytest.raises(UserError, match=r"yes_1\.wav: cannot be read: No such file"):
        generate(run)
    shutil.rmtree(run / "clips")
    with pytest.raises(UserError, match=r"clips\.json: there is no such file"):
        generate(run)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "lists no clips"),
        ({"file": "yes_1.wav"}, "has no 'clips'"),
        (["yes_1.wav"], r'clips\[0\]: is "yes_1.wav", expected an object'),
        ([{"file": "yes_1.wav"}], r"clips\[0\]: has no 'label'"),
        ([{"file": 3, "label": "yes"}], r"clips\[0\]: file: is 3, expected text"),
        ([{"file": "../yes_1.wav", "label": "yes"}], "expected a file beside the list"),
        ([{"file": "yes_1.wav", "label": "no"}], r"clips\[0\] has label 'no', expected one of _silence_"),
    ],
)
def test_a_list_of_clips_that_makes_no_sense(make_run, content, message):
    run = make_run()
    runfolder.write_json(run / "clips" / "clips.json", content)
    with pytest.raises(UserError, match=message):
        generate(run)


def test_a_name_that_a_template_lacks_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="length"):
        render("model.cc", banner="", rows=[])
