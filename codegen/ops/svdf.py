"""SVDF: filters of rank one in frequency and time, which remember what they saw."""

import numpy as np

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._dot import CONDITIONS, blocks, folded_bias, padding
from codegen.ops._form import Code, Form, array, describe


def generate(form: Form) -> Code:
    """The state is a tensor of its own, int8 or int16; time weights are of its type.

    The fused activation is not applied, by TFLite-Micro as by TensorFlow Lite: a rectified output has the
    zero point -128.

    Source:
        tflite-micro, micro/kernels/svdf_common.cc; the factors are computed in float32.
    """
    form.count_inputs(5, 5)
    entry, output = form.input(), form.output
    state = form.state(4, "the state", "int8", "int16")
    feature = form.constant(1, "int8", "the feature weights")
    time = form.constant(2, state.dtype.name, "the time weights")
    bias = form.constant(3, "int32", "the bias")
    assert feature.data is not None
    assert time.data is not None
    assert bias.data is not None
    rank = form.option("rank", 1)
    batches, count = entry.shape if len(entry.shape) == 2 else (0, 0)
    filters, memory = time.shape if len(time.shape) == 2 else (0, 0)
    shapes = {
        feature: (filters, count),
        bias: (filters // rank,),
        state: (batches, memory * filters),
        output: (batches, filters // rank),
    }
    for tensor, expected in shapes.items():
        if tensor.shape != expected or filters % rank or not batches:
            found = f"{describe(tensor)} has shape {tensor.shape}, the input {entry.shape}, rank {rank}"
            raise form.refuse(found, f"{expected} for {filters} filters of {memory} values")
    for tensor in (feature, time):
        if len(tensor.scales) != 1 or any(tensor.zero_points):
            found = (
                f"{describe(tensor)} has {len(tensor.scales)} scales, zero points {tensor.zero_points[:4]}"
            )
            raise form.refuse(found, "one scale and a zero point of 0")
    if state.dtype == np.int16 and state.zero_point:
        raise form.refuse(f"{describe(state)} has zero point {state.zero_point}", "0, as it is int16")

    seen, kept = np.float32(entry.scale) * np.float32(feature.scale), np.float32(state.scale)
    told = kept * np.float32(time.scale)
    feature_multiplier, feature_shift = quantize_multiplier(float(seen / kept))
    output_multiplier, output_shift = quantize_multiplier(float(told / np.float32(output.scale)))
    if max(feature_shift, output_shift) > 30:
        raise form.refuse("a scale over 2^30", "smaller ones")
    biases, largest = folded_bias(feature.data, None, entry.zero_point)
    if largest >= 2**31:
        raise form.refuse(f"sums of up to {largest}", "at most 2^31 - 1, which 32 bits hold")

    name, bits = f"op_{form.op.index}", 8 * state.dtype.itemsize
    fields = {
        "batches": batches,
        "input_count": count,
        "filters": filters,
        "rank": rank,
        "memory": memory,
        "padded_count": count + padding(count),
        "feature_weights": f"{name}_feature",
        "feature_bias": f"{name}_feature_bias",
        "feature_multiplier": feature_multiplier,
        "feature_shift": feature_shift,
        "time_weights": f"{name}_time",
        "state_zero_point": state.zero_point,
        "bias": f"{name}_bias",
        "output_multiplier": output_multiplier,
        "output_shift": output_shift,
        "output_zero_point": output.zero_point,
    }
    arguments = ", ".join(form.ref(tensor) for tensor in (entry, output, state))
    return Code(
        kernels=(f"svdf_s{bits}",),
        headers=("svdf_s8",),
        constants=(
            blocks(f"{name}_feature", feature.data),
            array(f"{name}_feature_bias", biases.astype(np.int32)),
            array(f"{name}_time", time.data),
            array(f"{name}_bias", bias.data),
        ),
        params=((name, "kws_svdf_params", fields),),
        calls=(f"kws_svdf_s{bits}({arguments}, &{name});",),
        conditions=CONDITIONS,
        reads_beyond_bytes=padding(count),
    )
