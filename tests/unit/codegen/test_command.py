"""earshot codegen: runs, single models, and the manifest of what it wrote."""

import os
import re
import subprocess
import sys

import pytest
from model_ends import with_ends
from places import ROOT
from repacked import repack

from codegen.emit import generate, generate_model
from codegen.engine import build_engine
from train.core import runfolder
from train.core.errors import UserError
from train.core.manifest import COMPILED, MANIFEST, TFLM, End, PointName, check_files, read_manifest
from train.core.operating_point import in_force
from train.tflite.graph import read_graph
from train.tflite.schema import schema
from train.tflite.tflm import TflmModel


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "codegen", *arguments], capture_output=True, text=True)


def test_the_command(make_run, tmp_path):
    run = make_run()
    done = run_command(str(run))
    assert (done.returncode, done.stdout.strip()) == (0, str(run / "c"))
    assert "model.cc" in done.stderr
    assert (
        "nowhere.tflite: is not there" in run_command(str(tmp_path / "nowhere.tflite"), "--out", "c").stderr
    )
    (tmp_path / "saved_model.pb").touch()
    assert "from_saved_model" in run_command(str(tmp_path), "--out", "c").stderr
    refused = run_command(str(tmp_path / "nowhere"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "not a finished run folder" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert run_command(str(run), "--unknown").returncode == 2


@pytest.mark.parametrize(
    ("command", "named"), [(["codegen"], "wav-to-features"), (["codegen", "export"], "arduino")]
)
def test_help_waits_for_nothing_heavy(command, named):
    code = (
        f"import sys, runpy; sys.argv = [*{command}, '--help']\n"
        "try: runpy.run_module('codegen', run_name='__main__')\n"
        "except SystemExit: print([m for m in ('numpy', 'jinja2', 'tensorflow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert named in done.stdout


def test_generating_imports_no_tensorflow(make_run):
    code = (
        "import sys; from codegen.emit import generate\n"
        "generate(sys.argv[1]); print('tensorflow' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(make_run())]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_model_alone_becomes_its_engines(make_run, tmp_path):
    """As of a model that nobody here made: no front end, no labels, no tests."""
    run = make_run()
    generate(run)
    made = generate_model(run / "model.tflite", tmp_path / "alone")
    sources = ["engine.c", "engine.h", "model.cc", "model.h", "op_resolver.h"]
    assert [path.name for path in made] == sorted([*sources, MANIFEST])
    for name in ("model.cc", "model.h", "op_resolver.h"):
        assert (tmp_path / "alone" / name).read_bytes() == (run / "c" / name).read_bytes()
    engine = build_engine(read_graph((run / "model.tflite").read_bytes(), ""), "", "")
    for name, content in engine.sources.items():  # of a stream nothing is known
        assert (tmp_path / "alone" / name).read_text().endswith(content)
    alone, whole = (read_manifest(folder, "") for folder in (tmp_path / "alone", run / "c"))
    assert list(alone.files) == sources
    assert alone.front_end_sha256 is alone.sample_rate_hz is alone.operating_point is None
    assert alone.labels == ()
    assert alone.model_sha256 == whole.model_sha256
    assert alone.arena_bytes[COMPILED] == engine.arena_bytes < whole.arena_bytes[COMPILED]


def test_the_manifest_says_what_was_made(make_run):
    run = make_run()
    paths = generate(run)
    spec = runfolder.read_spec(run)
    manifest = read_manifest(run / "c", "")
    assert (run / "c" / MANIFEST).read_text().startswith('{\n  "format_version": 1,\n')
    assert manifest.files == {
        path.name: runfolder.sha256_file(path) for path in paths if path.name != MANIFEST
    }
    check_files(run / "c", manifest, "")
    model = TflmModel((run / "model.tflite").read_bytes(), "model")
    assert manifest.model_sha256 == runfolder.sha256_file(run / "model.tflite")
    assert manifest.model_bytes == (run / "model.tflite").stat().st_size
    assert manifest.weight_bytes == 8 * 80 + 8 * 4 + 4 * 4400 + 8  # and the shape of RESHAPE
    assert manifest.front_end_sha256 == spec.front_end.sha256
    assert (manifest.labels, manifest.sample_rate_hz) == (spec.labels, 16000)
    point_name, point = in_force(run, spec)
    assert manifest.operating_point == PointName(point_name, point.sha256)
    assert manifest.input == End((49, 43, 1), 0.5, -128, manifest.input.name)
    assert manifest.output == End((4,), 1 / 256, -128, "output_0")
    assert manifest.operators == ("CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX")
    assert {"fully_connected_s8", "softmax_s8"} < set(manifest.kernels)
    assert manifest.arena_bytes[TFLM] == model.arena_bytes
    arena = re.search(r"KWS_ARENA_BYTES = (\d+)", (run / "c" / "engine.h").read_text())
    assert manifest.arena_bytes[COMPILED] == int(arena[1])


@pytest.mark.parametrize("content", ["", "{}", '{\n  "files": {}\n}\n', "// Generated by Earshot \n"])
def test_another_manifest_is_not_overwritten(make_run, content):
    """Package managers have files of that name, too."""
    run = make_run()
    (run / "c").mkdir()
    (run / "c" / MANIFEST).write_text(content)
    with pytest.raises(UserError, match=r"manifest\.json: was not made by codegen.*move it"):
        generate(run)
    assert [path.name for path in (run / "c").iterdir()] == [MANIFEST]


def test_a_manifest_of_an_earlier_generation_is_replaced(make_run):
    run = make_run()
    generate(run)
    made = (run / "c" / MANIFEST).read_text()
    (run / "c" / MANIFEST).write_text(made.replace('"format_version": 1', '"format_version": 9'))
    generate(run)
    assert (run / "c" / MANIFEST).read_text() == made


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model.tflite"], "is a file, not a run folder; say with --out FOLDER"),
        ([".", "--out", "x"], "--out is for a single .tflite"),
    ],
)
def test_a_model_alone_needs_a_folder_and_a_run_does_not(make_run, arguments, message):
    command = [sys.executable, "-m", "codegen", *arguments]
    root = ROOT
    done = subprocess.run(
        command, cwd=make_run(), env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert message in done.stderr


def test_a_model_for_tflite_micro_alone(tiny_tflite, tmp_path):
    """What the compiled engine does not run is said; the other engine gets its files."""

    def change(tree):
        for code, name in zip(tree.operatorCodes[-2:], ("CUMSUM", "EXP"), strict=True):
            code.builtinCode = getattr(schema().BuiltinOperator, name)
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)

    def logarithm_of_softmax(tree):
        graph = tree.subgraphs[0]
        graph.tensors[graph.outputs[0]].quantization.scale = [1 / 16]
        graph.tensors[graph.outputs[0]].quantization.zeroPoint = [127]
        code = tree.operatorCodes[graph.operators[-1].opcodeIndex]
        code.builtinCode = code.deprecatedBuiltinCode = schema().BuiltinOperator.LOG_SOFTMAX
        graph.operators[-1].builtinOptions = None
        graph.operators[-1].builtinOptionsType = 0

    model, folder = tmp_path / "model.tflite", tmp_path / "c"
    model.write_bytes(with_ends(repack(tiny_tflite, logarithm_of_softmax), "int8", "int16"))
    done = run_command(str(model), "--out", str(folder))
    assert (done.returncode, done.stdout.strip()) == (0, str(folder))
    reason = "op 3 is operator LOG_SOFTMAX"
    assert f"the compiled engine does not run it: {reason}" in done.stderr
    assert "Build with -DENGINE=tflm" in done.stderr
    names = {path.name for path in folder.iterdir()}
    assert names == {"engine.h", "model.cc", "model.h", "op_resolver.h", MANIFEST}
    manifest = read_manifest(folder, "")
    assert set(manifest.arena_bytes) == {TFLM}
    assert (manifest.output.type, manifest.output.scale) == ("int16", 1 / 16)
    assert "KWS_ARENA_BYTES" not in (folder / "engine.h").read_text()
    assert (
        "void kws_model_get_output(const kws_model* model, int16_t* values);"
        in (folder / "engine.h").read_text()
    )
    cmake = ["cmake", "-S", str(ROOT), "-B", str(tmp_path / "build"), "-DBOARD=host", f"-DMODEL={folder}"]
    configured = subprocess.run(cmake, capture_output=True, text=True)
    assert configured.returncode != 0
    assert "engine compiled does not run the model" in " ".join(configured.stderr.split())

    model.write_bytes(repack(tiny_tflite, change))
    refused = run_command(str(model), "--out", str(tmp_path / "none"))
    assert refused.returncode == 2
    assert "TFLite-Micro refuses it" in refused.stderr
    assert re.search("The compiled engine: op 2 is operator CUMSUM.*; also op 3 EXP", refused.stderr)
    assert not (tmp_path / "none").exists()
