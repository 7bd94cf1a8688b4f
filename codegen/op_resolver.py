"""Which method of TFLite-Micro's MicroMutableOpResolver registers an operator."""

from collections.abc import Iterable

from train.core.errors import UserError
from train.tflite.graph import Graph

# Where the method is not the operator's name in camel case.
_IRREGULAR = {
    "BATCH_MATMUL": "BatchMatMul",
    "CUMSUM": "CumSum",
    "PADV2": "PadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTM",
}
# Custom operators that come with TFLite-Micro.
_CUSTOM = {
    "CIRCULAR_BUFFER": "AddCircularBuffer",
    "SignalDelay": "AddDelay",
    "SignalEnergy": "AddEnergy",
    "SignalFftAutoScale": "AddFftAutoScale",
    "SignalFilterBank": "AddFilterBank",
    "SignalFilterBankLog": "AddFilterBankLog",
    "SignalFilterBankSpectralSubtraction": "AddFilterBankSpectralSubtraction",
    "SignalFilterBankSquareRoot": "AddFilterBankSquareRoot",
    "SignalFramer": "AddFramer",
    "SignalIrfft": "AddIrfft",
    "SignalOverlapAdd": "AddOverlapAdd",
    "SignalPCAN": "AddPCAN",
    "SignalRfft": "AddRfft",
    "SignalStacker": "AddStacker",
    "SignalWindow": "AddWindow",
    "TFLM_DECODE": "AddDecode",
    "TFLite_Detection_PostProcess": "AddDetectionPostprocess",
}


def resolver_method(op_name: str) -> str:
    """``AddConv2D`` for CONV_2D.

    Source:
        tflite-micro, tensorflow/lite/micro/micro_mutable_op_resolver.h.
    """
    camel_case = "".join(part.capitalize() for part in op_name.split("_")).replace("2d", "2D")
    return "Add" + _IRREGULAR.get(op_name, camel_case)


def resolver_methods(graphs: Iterable[Graph], where: str) -> list[str]:
    """Methods that register exactly the operators of a model, each once.

    Args:
        graphs: of the model; all, for those that it calls have operators, too.
    Raises:
        UserError: a custom operator that TFLite-Micro has no method for.
    """
    methods: dict[str, None] = {}
    for op in (op for graph in graphs for op in graph.ops):
        if op.custom and op.name not in _CUSTOM:
            raise UserError(
                f"{where}: op {op.index} is the custom operator {op.name!r}, which TFLite-Micro does not "
                f"have; known: {', '.join(_CUSTOM)}. Leave it out of the model and do its work in the program"
            )
        methods[_CUSTOM[op.name] if op.custom else resolver_method(op.name)] = None
    return list(methods)


def count_variables(graphs: Iterable[Graph]) -> int:
    """Variables that a model keeps state in, for TFLite-Micro's MicroResourceVariables."""
    handles = [op for graph in graphs for op in graph.ops if op.name == "VAR_HANDLE" and not op.custom]
    return len({op.options.get("shared_name") for op in handles})
