"""Files that are no .tflite: what they are, and what to do."""

import io
import zipfile

import numpy as np
import pytest

from train.core.errors import UserError
from train.tflite.graph import read_graph


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return file.getvalue()


def array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty; fetch or convert"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), r"HDF5 \(\.h5\); convert it with tf\.lite\.TFLiteConverter"),
        (zipped("config.json", "model.weights.h5"), r"a Keras model \(\.keras\); convert it"),
        (zipped("m/data.pkl"), "a PyTorch model; export it to ONNX"),
        (zipped("a.tflite"), r"a zip archive; unpack it and pass the \.tflite"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d", "Git LFS: .*; run: git lfs pull"),
        (b"\n<!DOCTYPE html><html>", "a web page; download the file itself"),
        (b"\x1f\x8b\x08" + bytes(30), "gzip; unpack it"),
        (b"\x7fELF" + bytes(30), r"a program \(ELF\)"),
        (
            b"const unsigned char g_model[] = {0x1c, 0x00, 0x00, 0x00, 0x54, 0x46, 0x4c, 0x33,",
            "C source with",
        ),
        (b'{"a": 1}', "JSON; pass the model"),
        (b"hello there", "text that begins with 'hello there'"),
        (b"\x08\x07\x12\x07pytorch\x1a\x051.9.0" + bytes(9), "an ONNX model; convert it to TensorFlow"),
        (b"\x0a\x25\x0a\x04Reshape_1\x12\x0bPlaceholder" + bytes(9), r"a frozen graph .*\(GraphDef, \.pb\)"),
        (array(), "an array of NumPy"),
        (b"\x10\0\0\0TFL2" + bytes(99), "a TensorFlow Lite file of kind b'TFL2'"),
        (b"\x10\0\0\0ET12" + bytes(99), "an ExecuTorch program"),
        (bytes(100), "100 bytes of another kind"),
    ],
)
def test_what_it_is_and_what_to_do(data, message):
    with pytest.raises(UserError, match=rf"^model\.x: not a TensorFlow Lite model but .*{message}"):
        read_graph(data, "model.x")
