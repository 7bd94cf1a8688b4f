"""Operators of TensorFlow 1.4 in NumPy, as its kernels compute them at inference.

An operator takes the node's attributes and its inputs, and gives an array or a tuple of them. To add
one, write a function and its line in ``OPERATORS``, ``ELEMENTWISE`` or ``VIEWS``.
"""

import struct

import numpy as np

from .array_operators import ARRAY_OPERATORS
from .graphdef import DTYPES, GraphError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Array = np.ndarray[Any, Any]
    Attributes = dict[str, Any]


def _same_padding(size, kernel, stride):
    # type: (int, int, int) -> tuple[int, int]
    """Zeros before and behind, so that there are ceil(size / stride) outputs; the odd one comes behind."""
    outputs = -(-size // stride)
    missing = max(0, (outputs - 1) * stride + kernel - size)
    return missing // 2, missing - missing // 2


def _padded(attributes, x, kernel, fill):
    # type: (Attributes, Array, tuple[int, int], float) -> Array
    """(n, h, w, c) with the padding that the node asks for."""
    if attributes.get("data_format", b"NHWC") != b"NHWC":
        raise GraphError("data_format is %r, expected NHWC" % attributes["data_format"])
    if any(step != 1 for step in attributes.get("dilations") or ()):
        raise GraphError("dilations are %s, expected 1" % attributes["dilations"])
    if min(attributes["strides"]) < 1:
        raise GraphError("strides are %s, expected 1 or more" % attributes["strides"])
    padding = attributes["padding"]
    if padding == b"VALID":
        return x
    if padding != b"SAME":
        raise GraphError("padding is %r, expected SAME or VALID" % padding)
    strides = attributes["strides"]
    around = [
        (0, 0),
        _same_padding(x.shape[1], kernel[0], strides[1]),
        _same_padding(x.shape[2], kernel[1], strides[2]),
        (0, 0),
    ]
    if not any(map(any, around)):
        return x
    return np.pad(x, around, "constant", constant_values=fill)


def _output_size(x, kernel, strides):
    # type: (Array, tuple[int, int], list[int]) -> tuple[int, int]
    """Rows and columns of what a kernel gives on a padded picture."""
    height = (x.shape[1] - kernel[0]) // strides[1] + 1
    width = (x.shape[2] - kernel[1]) // strides[2] + 1
    if height < 1 or width < 1:
        raise GraphError("a kernel of %s does not fit into %s" % (kernel, x.shape))
    return height, width


def _taps(x, kernel, strides):
    # type: (Array, tuple[int, int], list[int]) -> Iterator[tuple[int, int, Array]]
    """For each place of the kernel, what it meets: row, column, (n, out_h, out_w, c)."""
    height, width = _output_size(x, kernel, strides)
    for row in range(kernel[0]):
        for column in range(kernel[1]):
            rows = slice(row, row + (height - 1) * strides[1] + 1, strides[1])
            columns = slice(column, column + (width - 1) * strides[2] + 1, strides[2])
            yield row, column, x[:, rows, columns]


def _conv2d(attributes, x, weights):
    # type: (Attributes, Array, Array) -> Array
    """As one matrix product: every patch of the picture a row, every filter a column."""
    kernel, strides = weights.shape[:2], attributes["strides"]
    x = np.ascontiguousarray(_padded(attributes, x, kernel, 0.0))
    height, width = _output_size(x, kernel, strides)
    n, row, column, channel = x.strides
    patches = np.lib.stride_tricks.as_strided(
        x,
        (x.shape[0], height, width, kernel[0], kernel[1], x.shape[3]),
        (n, row * strides[1], column * strides[2], row, column, channel),
    )
    rows = patches.reshape(x.shape[0] * height * width, -1)
    filters = weights.reshape(-1, weights.shape[3])
    return np.asarray(np.dot(rows, filters).reshape(x.shape[0], height, width, -1))


def _depthwise(attributes, x, weights):
    # type: (Attributes, Array, Array) -> Array
    kernel, strides = weights.shape[:2], attributes["strides"]
    x = _padded(attributes, x, kernel, 0.0)
    height, width = _output_size(x, kernel, strides)
    total = np.zeros((x.shape[0], height, width) + weights.shape[2:], x.dtype)
    for row, column, met in _taps(x, kernel, strides):
        total += met[..., np.newaxis] * weights[row, column]
    return total.reshape(x.shape[0], height, width, -1)


def _pool_size(attributes):
    # type: (Attributes) -> tuple[int, int]
    size, strides = attributes["ksize"], attributes["strides"]
    if size[0] != 1 or size[3] != 1 or strides[0] != 1 or strides[3] != 1:
        raise GraphError("ksize is %s every %s, expected 1 clip and 1 channel" % (size, strides))
    return size[1], size[2]


def _max_pool(attributes, x):
    # type: (Attributes, Array) -> Array
    kernel = _pool_size(attributes)
    padded = _padded(attributes, x, kernel, -np.inf)
    most = None
    for _, _, met in _taps(padded, kernel, attributes["strides"]):
        most = met.copy() if most is None else np.maximum(most, met, out=most)
    assert most is not None
    return most


def _average_pool(attributes, x):
    # type: (Attributes, Array) -> Array
    """Means of what is there: padding is not counted."""
    kernel, strides = _pool_size(attributes), attributes["strides"]
    total = sum(met for _, _, met in _taps(_padded(attributes, x, kernel, 0.0), kernel, strides))
    ones = np.ones((1,) + x.shape[1:3] + (1,), x.dtype)
    count = sum(met for _, _, met in _taps(_padded(attributes, ones, kernel, 0.0), kernel, strides))
    return np.asarray(total / count)


def _spectrogram(attributes, audio):
    # type: (Attributes, Array) -> Array
    """(samples, channels) to (channels, frames, bins), in double precision up to the last step."""
    size, stride = attributes["window_size"], attributes["stride"]
    fft_length = 1 << (size - 1).bit_length()
    frames = max(0, 1 + (len(audio) - size) // stride)
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)  # Hann, the periodic one
    starts = np.arange(frames)[:, np.newaxis] * stride
    taken = audio.T[:, starts + np.arange(size)] * window
    spectrum = np.fft.rfft(taken, fft_length)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    if not attributes.get("magnitude_squared"):
        power = np.sqrt(power)
    return power.astype(np.float32)


def _mfcc(attributes, spectrogram, rate_hz):
    # type: (Attributes, Array, Array) -> Array
    """(channels, frames, bins) power to (channels, frames, coefficients), in double precision."""
    low_hz, high_hz = attributes["lower_frequency_limit"], attributes["upper_frequency_limit"]
    bands = attributes["filterbank_channel_count"]
    mel = np.log1p(np.array([low_hz, high_hz]) / 700.0)
    bin_hz = 0.5 * float(rate_hz) / (spectrogram.shape[2] - 1)
    # The kernel rounds up from a half bin further on: a bin just above the lower limit is left out.
    bins = np.arange(int(1.5 + low_hz / bin_hz), int(high_hz / bin_hz) + 1)
    if len(bins) and bins[-1] >= spectrogram.shape[2]:
        raise GraphError("bands up to %g Hz, expected at most half of %d" % (high_hz, rate_hz))
    places = (np.log1p(bins * bin_hz / 700.0) - mel[0]) / (mel[1] - mel[0]) * (bands + 1)
    weights = np.maximum(0.0, 1.0 - np.abs(places[:, np.newaxis] - np.arange(1, bands + 1)))
    magnitudes = np.dot(np.sqrt(spectrogram[..., bins].astype(np.float64)), weights)
    angles = np.outer(np.arange(bands) + 0.5, np.arange(attributes["dct_coefficient_count"]))
    cosines = np.sqrt(2.0 / bands) * np.cos(np.pi / bands * angles)
    return np.asarray(np.dot(np.log(np.maximum(magnitudes, 1e-12)), cosines).astype(np.float32))


def _decode_wav(attributes, contents):
    # type: (Attributes, Array) -> tuple[Array, Array]
    """16-bit PCM to (samples, channels) float32 in [-1, 1), and the rate."""
    data = contents.item()
    position, found = 12, {}  # type: int, dict[bytes, bytes]
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        found.setdefault(name, data[position + 8 : position + 8 + size])
        position += 8 + size + (size & 1)
    if data[:4] != b"RIFF" or len(found.get(b"fmt ", b"")) < 16 or b"data" not in found:
        raise GraphError("DecodeWav: not a WAV file")
    _, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", found[b"fmt "])
    if bits != 16 or not channels:
        raise GraphError("DecodeWav: %d bits and %d channels, expected 16-bit PCM" % (bits, channels))
    payload = found[b"data"]
    samples = np.frombuffer(payload[: len(payload) // (2 * channels) * 2 * channels], "<i2")
    audio = samples.astype(np.float32).reshape(-1, channels) / np.float32(32768)
    wanted_samples, wanted_channels = attributes["desired_samples"], attributes["desired_channels"]
    if wanted_channels > channels:
        raise GraphError("DecodeWav: %d channels, expected %d" % (channels, wanted_channels))
    if wanted_channels > 0:
        audio = audio[:, :wanted_channels]
    if wanted_samples >= 0:
        missing = max(0, wanted_samples - len(audio))
        audio = np.pad(audio[:wanted_samples], [(0, missing), (0, 0)], "constant")
    return audio, np.array(rate_hz, np.int32)


def _matmul(attributes, a, b):
    # type: (Attributes, Array, Array) -> Array
    left = a.T if attributes.get("transpose_a") else a
    right = b.T if attributes.get("transpose_b") else b
    return np.asarray(np.dot(left, right))


def _reduced(function):
    # type: (Callable[..., Any]) -> Callable[..., Array]
    def reduce(attributes, x, axes):
        # type: (Attributes, Array, Array) -> Array
        axis = tuple(int(one) % max(x.ndim, 1) for one in np.atleast_1d(axes))
        return np.asarray(function(x, axis=axis, keepdims=bool(attributes.get("keep_dims"))))

    return reduce


def _concat(attributes, *inputs):
    # type: (Attributes, Array) -> Array
    return np.concatenate(inputs[:-1], int(inputs[-1]))


def _pad(attributes, x, paddings):
    # type: (Attributes, Array, Array) -> Array
    return np.pad(x, [(int(before), int(after)) for before, after in paddings], "constant")


def _slice(attributes, x, begins, sizes):
    # type: (Attributes, Array, Array, Array) -> Array
    """A size of -1 goes to the end."""
    ends = [None if size < 0 else int(begin + size) for begin, size in zip(begins, sizes)]
    return np.ascontiguousarray(x[tuple(slice(int(begin), end) for begin, end in zip(begins, ends))])


def _cast(attributes, x):
    # type: (Attributes, Array) -> Array
    return x.astype(DTYPES[attributes["DstT"]])


def _reshape(attributes, x, shape):
    # type: (Attributes, Array, Array) -> Array
    return x.reshape([int(size) for size in shape])


def _squeeze(attributes, x):
    # type: (Attributes, Array) -> Array
    axes = attributes.get("squeeze_dims")
    return np.squeeze(x, tuple(axes) if axes else None)


def _place(x, out):
    # type: (Array, Array | None) -> Array
    return np.empty_like(x) if out is None else out


def _sigmoid(x, out=None):
    # type: (Array, Array | None) -> Array
    # By tanh, which does not overflow as exp does.
    half = np.multiply(x, np.float32(0.5), out=_place(x, out))
    np.tanh(half, out=half)
    half += np.float32(1)
    half *= np.float32(0.5)
    return half


def _softmax(x, out=None):
    # type: (Array, Array | None) -> Array
    grown = np.subtract(x, x.max(-1, keepdims=True), out=_place(x, out))
    np.exp(grown, out=grown)
    grown /= grown.sum(-1, keepdims=True)
    return np.asarray(grown)


def _relu(x, out=None):
    # type: (Array, Array | None) -> Array
    return np.asarray(np.maximum(x, x.dtype.type(0), out=_place(x, out)))


def _relu6(x, out=None):
    # type: (Array, Array | None) -> Array
    cut = _relu(x, out)
    return np.asarray(np.minimum(cut, x.dtype.type(6), out=cut))


def _elu(x, out=None):
    # type: (Array, Array | None) -> Array
    negative = np.expm1(np.minimum(x, x.dtype.type(0)))
    grown = _relu(x, out)
    grown += negative  # one of the two is zero
    return grown


def _rsqrt(x, out=None):
    # type: (Array, Array | None) -> Array
    root = np.sqrt(x, out=_place(x, out))
    return np.asarray(np.divide(x.dtype.type(1), root, out=root))


def _squared_difference(x, y, out=None):
    # type: (Array, Array, Array | None) -> Array
    difference = np.subtract(x, y) if out is None else np.subtract(x, y, out=out)
    return np.asarray(np.square(difference))


def _softplus(x, out=None):
    # type: (Array, Array | None) -> Array
    return np.asarray(np.logaddexp(x, x.dtype.type(0), out=_place(x, out)))


def _log_softmax(x, out=None):
    # type: (Array, Array | None) -> Array
    grown = np.subtract(x, x.max(-1, keepdims=True), out=_place(x, out))
    grown -= np.log(np.exp(grown).sum(-1, keepdims=True))
    return np.asarray(grown)


# These may write over their first input, then given as ``out``.
ELEMENTWISE = {
    "Abs": np.absolute,
    "Add": np.add,
    "AddV2": np.add,
    "BiasAdd": np.add,
    "Elu": _elu,
    "Exp": np.exp,
    "Floor": np.floor,
    "FloorDiv": np.floor_divide,
    "FloorMod": np.mod,
    "Log": np.log,
    "LogSoftmax": _log_softmax,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Mul": np.multiply,
    "Neg": np.negative,
    "Pow": np.power,
    "RealDiv": np.true_divide,
    "Relu": _relu,
    "Relu6": _relu6,
    "Rsqrt": _rsqrt,
    "Sigmoid": _sigmoid,
    "Softmax": _softmax,
    "Softplus": _softplus,
    "Sqrt": np.sqrt,
    "Square": np.square,
    "SquaredDifference": _squared_difference,
    "Sub": np.subtract,
    "Tanh": np.tanh,
}  # type: dict[str, Callable[..., Any]]

# These give the memory of their first input in another shape.
VIEWS = {
    "CheckNumerics": lambda attributes, x: x,
    "Enter": lambda attributes, x: x,
    "ExpandDims": lambda attributes, x, axis: np.expand_dims(x, int(axis)),
    "Identity": lambda attributes, x: x,
    "LoopCond": lambda attributes, x: x,
    "PlaceholderWithDefault": lambda attributes, x: x,
    "PreventGradient": lambda attributes, x: x,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "StopGradient": lambda attributes, x: x,
}  # type: dict[str, Callable[..., Any]]

OPERATORS = {
    "All": _reduced(np.all),
    "Any": _reduced(np.any),
    "AudioSpectrogram": _spectrogram,
    "AvgPool": _average_pool,
    "Cast": _cast,
    "ConcatV2": _concat,
    "Conv2D": _conv2d,
    "DecodeWav": _decode_wav,
    "DepthwiseConv2dNative": _depthwise,
    "MatMul": _matmul,
    "Max": _reduced(np.max),
    "MaxPool": _max_pool,
    "Mean": _reduced(np.mean),
    "Mfcc": _mfcc,
    "Min": _reduced(np.min),
    "Pad": _pad,
    "Prod": _reduced(np.prod),
    "Slice": _slice,
    "Sum": _reduced(np.sum),
    "Transpose": lambda attributes, x, axes: np.ascontiguousarray(x.transpose([int(one) for one in axes])),
}  # type: dict[str, Callable[..., Any]]
OPERATORS.update(ARRAY_OPERATORS)
