"""What a file is that is no .tflite, and what to do with it."""

import re

_CONVERT = "convert it with tf.lite.TFLiteConverter.{} (int8, with a representative dataset)"
_C_ARRAY = re.compile(rb"(0[xX][0-9a-fA-F]{1,2}\s*,\s*){8}")
# What a file begins with; the first that fits counts.
_BEGINNINGS = (
    (b"\x89HDF\r\n\x1a\n", "a Keras model or weights in HDF5 (.h5)", _CONVERT.format("from_keras_model")),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS: the model itself was not fetched",
        "run: git lfs pull",
    ),
    (b"\x1f\x8b", "compressed with gzip", "unpack it"),
    (b"BZh", "compressed with bzip2", "unpack it"),
    (b"\xfd7zXZ", "compressed with xz", "unpack it"),
    (b"7z\xbc\xaf", "an archive of 7-Zip", "unpack it"),
    (b"\x7fELF", "a program (ELF)", "pass the .tflite that it was built from"),
    (b"\x93NUMPY", "an array of NumPy", "pass the model"),
    (b"\x89PNG", "a picture (PNG)", "pass the model"),
    (b"RIFF", "a recording (RIFF)", "pass the model"),
)
_PROTOBUF = (
    (rb"\x08[\x01-\x20]\x12.{1,40}(pytorch|tf2onnx|onnx|keras|skl2onnx)|ir_version|ai\.onnx", "an ONNX model",
     "convert it to TensorFlow, such as with onnx2tf, then to int8 with tf.lite.TFLiteConverter"),
    (rb"saved_model_main_op|serving_default|\x0a.{1,8}serve", "the saved_model.pb of a SavedModel",
     _CONVERT.format("from_saved_model")),
    (rb"(Placeholder|Const|DecodeWav|Conv2D|Identity)\x12?", "a frozen graph of TensorFlow (GraphDef, .pb)",
     _CONVERT.format("from_frozen_graph in tf.compat.v1")),
)  # fmt: skip
_HEAD_BYTES = 4096


def describe_foreign(data: bytes) -> tuple[str, str]:
    """What a file seems to be, and what to do about it."""
    head = data[:_HEAD_BYTES]
    if not data:
        return "empty", "fetch or convert the model again"
    for beginning, what, remedy in _BEGINNINGS:
        if head.startswith(beginning):
            return what, remedy
    if head.startswith(b"PK\x03\x04"):
        return _describe_zip(data)
    if head[257:262] == b"ustar":
        return "an archive (tar)", "unpack it"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page", "download the file itself (at GitHub: Raw)"
    if _C_ARRAY.search(head):
        return (
            "C source with a model as an array",
            "pass the .tflite that it was made from, such as by: xxd -i",
        )
    if start.startswith((b"{", b"[")):
        return "JSON", "pass the model"
    if all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return f"text that begins with {head[:20].decode('utf-8', 'replace')!r}", "pass the model"
    for pattern, what, remedy in _PROTOBUF:
        if re.search(pattern, head, re.DOTALL):
            return what, remedy
    if re.fullmatch(rb"TFL[0-9]|ET\d\d", head[4:8]):
        what = (
            "an ExecuTorch program" if head[4:6] == b"ET" else f"a TensorFlow Lite file of kind {head[4:8]!r}"
        )
        return what, "convert the model again with a current TensorFlow"
    return f"{len(data)} bytes of another kind ({head[:8]!r})", "fetch or convert the model again"


def _describe_zip(data: bytes) -> tuple[str, str]:
    """By the names in it, which stand in the clear."""
    if b"config.json" in data and b"model.weights.h5" in data:
        return "a Keras model (.keras)", _CONVERT.format("from_keras_model")
    if b"data.pkl" in data:
        return "a PyTorch model", "export it to ONNX or with ai-edge-torch, then convert to int8 .tflite"
    if b"saved_model.pb" in data:
        return "a zip with a SavedModel", "unpack it and " + _CONVERT.format("from_saved_model")
    return "a zip archive", "unpack it and pass the .tflite in it"
