"""The front end ``micro`` as a .tflite for TFLite-Micro's signal operators: audio_preprocessor_int8.tflite.

The example brings one of its own. Its filter bank is rounded otherwise than that of the front end which its
models are trained on: 4 of 1,000 features differ. This one has the constants of ours.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from flatbuffers import flexbuffers
from numpy.typing import NDArray

from train.audio import micro_tables as tables
from train.core.spec import FrontEnd
from train.tflite.builder import FileBuilder
from train.tflite.schema import schema

# Lists of bins begin at an even one and are a multiple of four long: kernels load whole words.
_FIRST_BIN_STEP, _BINS_STEP = 2, 4


def preprocessor(front_end: FrontEnd) -> bytes:
    """A whole .tflite, from a window of samples, [1, window_samples] int16, to a row, [bins] int8.

    The estimate of noise is kept inside of it from one inference to the next.

    Args:
        front_end: ``micro``.
    """
    bands = tables.bands(front_end)
    ends = {"start_index": bands.first, "end_index": bands.first + len(bands.rising)}
    net = _Net("samples", (1, front_end.window_samples), "INT16")
    bins = (front_end.bins,)

    window = net.constant(tables.window(front_end), "INT16")
    rows = net.add(
        "SignalWindow", [net.input, window], net.shape(net.input), "INT16", shift=tables.WINDOW_BITS
    )
    samples = net.reshape(rows, (front_end.window_samples,), "INT16")
    scaled, shift = net.add_two("SignalFftAutoScale", [samples], (net.shape(samples), "INT16"), ((), "INT32"))
    spectrum = net.add(
        "SignalRfft",
        [scaled],
        (2 * front_end.fft_bins,),
        "INT16",
        T=schema().TensorType.INT16,
        fft_length=front_end.fft_length,
    )
    energies = net.add("SignalEnergy", [spectrum], (front_end.fft_bins,), "UINT32", **ends)
    lists = [net.constant(values, "INT16") for values in _bank(bands)]
    sums = net.add("SignalFilterBank", [energies, *lists], bins, "UINT64", num_channels=front_end.bins)
    amplitudes = net.add("SignalFilterBankSquareRoot", [sums, shift], bins, "UINT32")
    freed, noise = net.add_two(
        "SignalFilterBankSpectralSubtraction",
        [amplitudes],
        (bins, "UINT32"),
        (bins, "UINT32"),
        **_noise_options(front_end),
    )
    gains = net.constant(_gain_list(front_end), "INT16")
    levelled = net.add(
        "SignalPCAN", [freed, noise, gains], bins, "UINT32", snr_shift=tables.snr_shift(front_end)
    )
    values = net.add(
        "SignalFilterBankLog",
        [levelled],
        bins,
        "INT16",
        input_correction_bits=tables.correction_bits(front_end),
        output_scale=1 << tables.LOG_OUTPUT_BITS,
    )
    net.finish(_quantize(net, values, bins))
    return net.tflite()


def _quantize(net: "_Net", values: int, bins: Sequence[int]) -> int:
    """What ``train.audio.micro.quantized`` does, less 128."""

    def compute(name: str, value: int, number: int) -> int:
        return net.builtin(name, [value, net.constant(np.array(number), "INT32")], bins, "INT32")

    wide = net.cast(values, bins, "INT16", "INT32")
    wide = compute("MUL", wide, tables.STEP_MULTIPLIER)
    wide = compute("ADD", wide, tables.STEP_DIVISOR // 2)
    wide = compute("DIV", wide, tables.STEP_DIVISOR)
    wide = compute("ADD", wide, -128)
    wide = compute("MINIMUM", wide, 127)
    return net.cast(wide, bins, "INT32", "INT8")


def _bank(bands: tables.Bands) -> list[NDArray[np.int64]]:
    """Weights and complements, a list a band one behind the other; first bin, place, length of each."""
    rising: list[NDArray[np.int64]] = []
    falling: list[NDArray[np.int64]] = []
    firsts, places, lengths = [], [], []
    start, place = bands.first, 0
    for end in bands.ends:
        first = start // _FIRST_BIN_STEP * _FIRST_BIN_STEP
        length = max(1, -(-(end - first) // _BINS_STEP)) * _BINS_STEP
        for weights, into in ((bands.rising, rising), (bands.falling, falling)):
            filled = np.zeros(length, np.int64)
            filled[start - first : end - first] = weights[start - bands.first : end - bands.first]
            into.append(filled)
        firsts.append(first)
        places.append(place)
        lengths.append(length)
        start, place = end, place + length
    lists = [np.concatenate(rising), np.concatenate(falling)]
    return [*lists, *(np.array(numbers, np.int64) for numbers in (firsts, places, lengths))]


def _noise_options(front_end: FrontEnd) -> dict[str, Any]:
    whole = 1 << tables.NOISE_BITS
    even, odd = (int(share) for share in tables.smoothing(front_end)[:2])
    return {
        "num_channels": front_end.bins,
        "smoothing": even,
        "one_minus_smoothing": whole - even,
        "alternate_smoothing": odd,
        "alternate_one_minus_smoothing": whole - odd,
        "smoothing_bits": tables.SMOOTHING_BITS,
        "min_signal_remaining": tables.LEAST_LEFT,
        "clamping": False,
        "spectral_subtraction_bits": tables.NOISE_BITS,
    }


def _gain_list(front_end: FrontEnd) -> NDArray[np.int64]:
    """(125,): the gains at 0 and 1, then four numbers a bit of the estimate, of which three are used."""
    gains = tables.gains(front_end)
    filled = np.zeros((len(gains) - 2, 4), np.int64)
    filled[:, :3] = gains[2:]
    return np.concatenate([gains[:2, 0], filled.ravel()[:-1]])


class _Net:
    """A model in the making. What adds to it gives the index of the tensor that is written."""

    def __init__(self, name: str, shape: Sequence[int], kind: str) -> None:
        """Begin with an input."""
        self._file = FileBuilder()
        self._graph = self._file.graph()
        self.input = self._graph.tensor(shape, kind)
        self._graph.name(self.input, name)
        self.constant, self.shape, self.reshape = (
            self._graph.constant,
            self._graph.shape,
            self._graph.reshape,
        )

    def finish(self, output: int) -> None:
        """Say which tensor comes out."""
        self._graph.name(output, "features")
        self._graph.finish([self.input], [output])

    def tflite(self) -> bytes:
        return self._file.tflite()

    def add(
        self, name: str, inputs: Sequence[int], shape: Sequence[int], kind: str, **options: object
    ) -> int:
        """A signal operator, which schema.fbs calls custom."""
        (output,) = self.add_two(name, inputs, (shape, kind), **options)
        return output

    def add_two(
        self,
        name: str,
        inputs: Sequence[int],
        *outputs: tuple[Sequence[int], str],
        **options: object,
    ) -> tuple[int, ...]:
        """The same with several outputs, each of a shape and a type."""
        indices = tuple(self._graph.tensor(shape, kind) for shape, kind in outputs)
        self._graph.custom(name, inputs, indices, flexbuffers.Dumps(options) if options else None)
        return indices

    def builtin(
        self, name: str, inputs: Sequence[int], shape: Sequence[int], kind: str, options: Any = None
    ) -> int:
        """An operator without options, or with a table of them."""
        output = self._graph.tensor(shape, kind)
        self._graph.op(name, inputs, [output], options)
        return output

    def cast(self, tensor: int, shape: Sequence[int], before: str, after: str) -> int:
        options = schema().CastOptionsT()
        options.inDataType, options.outDataType = (
            getattr(schema().TensorType, name) for name in (before, after)
        )
        return self.builtin("CAST", [tensor], shape, after, options)
