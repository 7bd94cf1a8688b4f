"""manifest.json: it comes back as it was written, and what is wrong with one is said."""

import dataclasses
import json

import pytest

from train.core.errors import UserError
from train.core.manifest import End, Manifest, PointName, check_files, read_manifest

EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ALONE = Manifest(
    earshot_version="1.2.3",
    model_sha256="a" * 64,
    model_bytes=1000,
    weight_bytes=900,
    inputs=(End((49, 43, 1), 0.5, -128, "features"),),
    outputs=(End((4,), 1 / 256, -128, "labels"),),
    arena_bytes={"compiled": 16, "tflm": 32},
    operators=("CONV_2D", "CONV_2D", "SOFTMAX"),
    kernels=("conv_s8", "softmax_s8"),
    files={"engine.c": EMPTY_SHA256},
)
WHOLE = Manifest(
    **{name: getattr(ALONE, name) for name in ALONE.__dataclass_fields__}
    | {
        "front_end_sha256": "b" * 64,
        "sample_rate_hz": 16000,
        "labels": ("_silence_", "_unknown_", "ja", "größe"),
        "operating_point": PointName("tuned", "c" * 64),
    }
)


@pytest.mark.parametrize("manifest", [ALONE, WHOLE], ids=["alone", "whole"])
def test_it_comes_back_as_it_was_written(manifest, tmp_path):
    text = manifest.to_json()
    assert text.startswith('{\n  "format_version": 1,\n')
    assert text.isascii()
    (tmp_path / "manifest.json").write_text(text)
    assert read_manifest(tmp_path, "again") == manifest


def test_one_input_and_output_as_older_versions_wrote_them(tmp_path):
    content = json.loads(ALONE.to_json())
    for end in ("input", "output"):
        (content[end],) = content.pop(f"{end}s")
        content[end] = {name: content[end][name] for name in ("shape", "scale", "zero_point")}
    found = Manifest.from_json(json.dumps(content), "old", "")
    assert (found.input, found.output) == (End((49, 43, 1), 0.5, -128), End((4,), 1 / 256, -128))
    assert dataclasses.replace(found, inputs=ALONE.inputs, outputs=ALONE.outputs) == ALONE


def test_an_engine_that_does_not_run_it_is_refused_with_the_reason():
    manifest = dataclasses.replace(ALONE, arena_bytes={"tflm": 32}, refusals={"compiled": "op 3 is WHILE"})
    manifest.check_engine("tflm", "c")
    with pytest.raises(
        UserError, match=r"^c: engine compiled does not run this model: op 3 is WHILE; .*: tflm$"
    ):
        manifest.check_engine("compiled", "c")
    assert Manifest.from_json(manifest.to_json(), "", "") == manifest


def without(key):
    return lambda content: content.pop(key)


def having(key, value):
    return lambda content: content.update({key: value})


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (having("format_version", 2), "format_version is 2, expected 1"),
        (without("format_version"), "format_version is None, expected 1"),
        (without("model_sha256"), "has no 'model_sha256'"),
        (having("more", 1), "has 'more', which is not known"),
        (having("model_sha256", "abc"), "'abc' is no SHA-256"),
        (having("front_end_sha256", 3), "front_end_sha256: is 3, expected text"),
        (having("operating_point", {"name": "tuned", "sha256": "x"}), "'x' is no SHA-256"),
        (having("operating_point", "tuned"), 'operating_point: is "tuned", expected an object'),
        (having("files", {"engine.c": None}), "files: engine.c: is null, expected text"),
        (having("files", {"../engine.c": EMPTY_SHA256}), "'../engine.c' is not beside the manifest"),
        (having("files", ["engine.c"]), "files: is a list, expected an object"),
        (having("arena_bytes", {}), "arena_bytes has , expected some of compiled, tflm"),
        (having("arena_bytes", {"tflite": 16}), "arena_bytes has tflite, expected some of compiled, tflm"),
        (having("arena_bytes", {"compiled": "16", "tflm": 16}), 'compiled: is "16", expected a whole number'),
        (having("model_bytes", -1), "-1 is no number of bytes"),
        (having("inputs", [{"scale": 1}]), r"inputs\[0\]: has no 'shape'"),
        (having("outputs", None), "outputs: is null, expected a list"),
        (having("input", None), r"inputs\[0\]: is null, expected an object"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(change, fault):
    content = json.loads(WHOLE.to_json())
    change(content)
    with pytest.raises(UserError, match=f"^c/manifest.json: .*{fault}.*; do that$"):
        Manifest.from_json(json.dumps(content), "c/manifest.json", "do that")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[]", "format_version is None, expected 1"),
        (b"null", "format_version is None, expected 1"),
    ],
)
def test_no_manifest_at_all(text, fault):
    with pytest.raises(UserError, match=rf"^here: {fault}.*; do that$"):
        Manifest.from_json(text, "here", "do that")


def test_files_are_there_and_unchanged(tmp_path):
    with pytest.raises(UserError, match=r"has no manifest\.json; do that$"):
        read_manifest(tmp_path, "do that")
    with pytest.raises(UserError, match=r"has no engine\.c; do that$"):
        check_files(tmp_path, ALONE, "do that")
    (tmp_path / "engine.c").touch()
    check_files(tmp_path, ALONE, "do that")
    (tmp_path / "engine.c").write_text("// mine\n")
    with pytest.raises(UserError, match=r"engine\.c: is not as earshot codegen wrote it; do that$"):
        check_files(tmp_path, ALONE, "do that")
