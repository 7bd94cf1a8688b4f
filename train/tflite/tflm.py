"""The oracle for bits: a .tflite run by the TFLite-Micro interpreter (package ``tflite-micro``)."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.core.errors import UserError
from train.core.native import captured_stderr
from train.tflite.reader import integers, read_model
from train.tflite.schema import enumerator, package

_ARENA_STEP_BYTES = 16  # the interpreter aligns to 16
_MOST_TEMPORARY_BYTES = 64 << 10
_LARGE_ARENA_BYTES = 64 << 20  # more than any model of this size needs


class TflmModel:
    """A .tflite with one int8 input and one int8 output, as TFLite-Micro runs it.

    Attributes:
        input_shape, output_shape: shape without the batch of one, such as (49, 43, 1).
        input_scale, input_zero_point: real = (int8 - zero_point) * scale.
        output_scale, output_zero_point: the same for the output.
        arena_bytes: smallest tensor arena, measured.
    """

    def __init__(self, tflite: bytes, where: str) -> None:
        """Load a model and measure its arena.

        Args:
            tflite: the whole file.
            where: name used in messages.
        Raises:
            UserError: not a .tflite, damaged, not int8 in and out, or in need of an
                operator that TFLite-Micro does not have.
        """
        self._tflite = tflite  # the interpreter points into these bytes for as long as it lives
        self._where = where
        graph = read_model(tflite, where).subgraphs[0]
        for end, indices in (("input", graph.inputs), ("output", graph.outputs)):
            found = [integers(graph.tensors[i].shape) for i in indices]
            types = [enumerator("TensorType", graph.tensors[i].type).lower() for i in indices]
            if types != ["int8"] or found[0][:1] != (1,):
                raise UserError(
                    f"{where}: {end} is {', '.join(map(str, found))} {', '.join(types)}, expected one int8 "
                    "tensor with a batch of one; quantize it with: earshot quantize RUN"
                )
        self.arena_bytes = self._smallest_arena()
        self._interpreter = self._load(self.arena_bytes)
        entry = self._interpreter.get_input_details(0)
        result = self._interpreter.get_output_details(0)
        self._batch_shape = tuple(int(size) for size in entry["shape"])
        self.input_shape = self._batch_shape[1:]
        self.output_shape = tuple(int(size) for size in result["shape"])[1:]
        self.input_scale, self.input_zero_point = self._quantization("input", entry)
        self.output_scale, self.output_zero_point = self._quantization("output", result)

    def __reduce__(self) -> tuple[type["TflmModel"], tuple[bytes, str]]:
        """Made again from the file in another process: the interpreter itself cannot be copied."""
        return TflmModel, (self._tflite, self._where)

    def run(self, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """Raw output of each input, one after the other: state goes from each to the next.

        Args:
            inputs: (n, ...) int8, each with as many values as ``input_shape``.
        Returns:
            (n, *output_shape) int8.
        Raises:
            ValueError: inputs of another type or size.
        """
        if inputs.dtype != np.int8 or inputs[0:1].size != min(len(inputs), 1) * np.prod(self.input_shape):
            raise ValueError(
                f"inputs are {inputs.dtype} {inputs.shape}, expected int8 (n, *{self.input_shape})"
            )
        outputs = np.empty((len(inputs), *self.output_shape), dtype=np.int8)
        for item, output in zip(inputs, outputs, strict=True):
            self._interpreter.set_input(np.ascontiguousarray(item).reshape(self._batch_shape), 0)
            self._interpreter.invoke()
            output[...] = self._interpreter.get_output(0)[0]
        return outputs

    def reset(self) -> None:
        """Begin again: a model with state forgets the inputs that it has seen."""
        self._interpreter.reset()

    def _quantization(self, end: str, details: dict[str, Any]) -> tuple[float, int]:
        parameters = details["quantization_parameters"]
        if len(parameters["scales"]) != 1:
            raise UserError(
                f"{self._where}: {end} has {len(parameters['scales'])} scales, expected one; "
                "quantize it with: earshot quantize RUN"
            )
        return float(parameters["scales"][0]), int(parameters["zero_points"][0])

    def _smallest_arena(self) -> int:
        """Bytes of the smallest arena in which the model is allocated and invoked.

        It is what a recording interpreter uses of a large arena. Trying smaller and smaller ones
        gives the same figure, but in arenas of certain sizes that are too small (1840 to 1903
        bytes for tiny_conv) the interpreter crashes instead of saying no. Measured on the host:
        where pointers have 64 bits its own records are larger, so a 32-bit board needs less.
        """
        runtime = package("python.tflite_micro.runtime")
        with captured_stderr() as said:
            try:
                recorder = runtime.Interpreter.from_bytes(
                    self._tflite,
                    arena_size=_LARGE_ARENA_BYTES,
                    intrepreter_config=runtime.InterpreterConfig.kAllocationRecording,  # spelt so
                )
                recorder.invoke()
                recorder.print_allocations()
            except (RuntimeError, ValueError) as error:
                refusal = str(error)
            else:
                refusal = ""
        if refusal:
            raise UserError(
                f"{self._where}: TFLite-Micro refuses it: {' '.join([*said, refusal])}; "
                f"expected operators and types that TFLite-Micro has, and an arena under "
                f"{_LARGE_ARENA_BYTES >> 20} MB"
            )
        (total_bytes,) = re.findall(r"Arena allocation total (\d+) bytes", "\n".join(said))
        return self._enough(int(total_bytes))

    def _enough(self, total_bytes: int) -> int:
        """The recorded total, or as much more as the temporary memory of allocation needs.

        The record leaves that memory out; it matters only where inference needs less.
        """
        refusal = ""
        for arena_bytes in range(total_bytes, total_bytes + _MOST_TEMPORARY_BYTES, _ARENA_STEP_BYTES):
            with captured_stderr():
                try:
                    self._load(arena_bytes)
                except (RuntimeError, ValueError) as error:
                    refusal = str(error)
                else:
                    return arena_bytes
        raise UserError(
            f"{self._where}: TFLite-Micro refuses it: {refusal}; expected a model that it can load"
        )

    def _load(self, arena_bytes: int) -> Any:
        runtime = package("python.tflite_micro.runtime")
        return runtime.Interpreter.from_bytes(self._tflite, arena_size=arena_bytes)
