"""Keras layers as TensorFlow 1.4 ops, from which ``train.graphdef.freeze`` builds the model's part.

To support another layer type, add a function to ``_EMITTERS``.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from train.architectures._layers import FusedBatchNormalization
from train.core.errors import UserError
from train.graphdef.tf14 import TF14_ATTRIBUTES

# Keras's names (kernel, bias, gamma, ...) to values.
Weights = Mapping[str, NDArray[np.float32]]


def tf14_graph_def(graph: tf.Graph) -> tf.compat.v1.GraphDef:
    """The graph as a GraphDef without the attributes that TensorFlow 1.4 does not know.

    Raises:
        UserError: an op outside ``TF14_ATTRIBUTES``, or an attribute that 1.4 lacks and
            that is not at its default, so that removing it would change the result.
    """
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        known = TF14_ATTRIBUTES.get(node.op)
        if known is None:
            raise UserError(
                f"model.pb: node {node.name} is {node.op}, which is not in the list of TensorFlow 1.4 ops; "
                "use a layer without it"
            )
        node.ClearField("experimental_debug_info")
        definition = graph.get_operation_by_name(node.name).op_def
        default_of = {attribute.name: attribute.default_value for attribute in definition.attr}
        for name in sorted(set(node.attr) - known):
            # Names with an underscore are notes of TensorFlow to itself.
            if not name.startswith("_") and node.attr[name] != default_of.get(name):
                raise UserError(
                    f"model.pb: node {node.name} ({node.op}) needs the attribute {name}, "
                    "which TensorFlow 1.4 lacks; use a layer without it"
                )
            del node.attr[name]
    return graph_def


def variable(name: str, value: NDArray[np.floating]) -> tf.Tensor:
    """A frozen variable as TensorFlow 1 writes it: a Const, read through an Identity."""
    constant = tf.constant(np.asarray(value, dtype=np.float32), name=name)
    return tf.raw_ops.Identity(input=constant, name=f"{name}/read")


def layer_weights(layer: keras.Layer) -> Weights:
    """Weights of a layer by Keras's names for them. Only possible while no graph is open."""
    return {weight.name: weight.numpy() for weight in layer.weights}


def emit(layer: keras.Layer, weights: Weights, inputs: list[tf.Tensor]) -> tf.Tensor:
    """Add the ops of one layer, as at inference, to the graph that is open.

    Args:
        weights: ``layer_weights(layer)``, read before the graph was opened.
    Raises:
        UserError: a type of layer, or a setting of one, that is not supported.
    """
    emitter = _EMITTERS.get(type(layer))
    if emitter is None:
        known = ", ".join(sorted(kind.__name__ for kind in _EMITTERS))
        raise _unsupported(layer, f"known layers: {known}. Add a function to _EMITTERS there")
    return emitter(layer, weights, *inputs)


def _unsupported(layer: keras.Layer, why: str) -> UserError:
    return UserError(
        f"model.pb: layer {layer.name!r} is {type(layer).__name__}, which train/graphdef/layer_ops.py "
        f"cannot write: {why}"
    )


def _require(layer: keras.Layer, **expected: Any) -> None:
    """Refuse settings of a layer that its emitter does not write."""
    for setting, wanted in expected.items():
        found = getattr(layer, setting)
        if found != wanted:
            raise _unsupported(layer, f"{setting} is {found!r}, expected {wanted!r}")


def _require_flat(layer: keras.Layer, x: tf.Tensor) -> None:
    if x.shape.rank != 2:  # the kernels of TensorFlow 1.4 take nothing else
        raise _unsupported(layer, f"its input is {x.shape.rank}-D; put a Flatten before it")


def _weight_name(layer: keras.Layer, role: str) -> str:
    """``first`` has ``first_weights`` and ``first_bias``; ``weights`` has ``weights`` and ``bias``."""
    name = str(layer.name)
    return role if name == "weights" else f"{name}_{role}"


def _biased(layer: keras.Layer, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    """Bias and activation of a convolution or dense layer."""
    if layer.use_bias:
        bias = variable(_weight_name(layer, "bias"), weights["bias"])
        x = tf.raw_ops.Add(x=x, y=bias, name="add")
    return _activated(layer, weights, x)


def _conv2d(layer: keras.layers.Conv2D, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    _require(layer, data_format="channels_last", groups=1, dilation_rate=(1, 1))
    x = tf.raw_ops.Conv2D(
        input=x,
        filter=variable(_weight_name(layer, "weights"), weights["kernel"]),
        strides=[1, *layer.strides, 1],
        padding=layer.padding.upper(),
    )
    return _biased(layer, weights, x)


def _depthwise_conv2d(layer: keras.layers.DepthwiseConv2D, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    _require(layer, data_format="channels_last", dilation_rate=(1, 1))
    if len(set(layer.strides)) > 1:  # TensorFlow has no kernel for it, in any version
        raise _unsupported(layer, f"strides are {layer.strides}, expected the same in both directions")
    x = tf.raw_ops.DepthwiseConv2dNative(
        input=x,
        filter=variable(_weight_name(layer, "weights"), weights["kernel"]),
        strides=[1, *layer.strides, 1],
        padding=layer.padding.upper(),
    )
    return _biased(layer, weights, x)


def _dense(layer: keras.layers.Dense, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    _require_flat(layer, x)
    kernel = variable(_weight_name(layer, "weights"), weights["kernel"])
    return _biased(layer, weights, tf.raw_ops.MatMul(a=x, b=kernel))


def _batch_normalization(layer: keras.layers.BatchNormalization, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    """One product and one sum: the constants are folded once, here, in double precision."""
    if layer.axis not in (-1, x.shape.rank - 1):
        raise _unsupported(layer, f"axis is {layer.axis}, expected -1, the channels")
    scale = 1.0 / np.sqrt(weights["moving_variance"].astype(np.float64) + layer.epsilon)
    if layer.scale:
        scale = scale * weights["gamma"]
    offset = -weights["moving_mean"] * scale
    if layer.center:
        offset = offset + weights["beta"]
    x = tf.raw_ops.Mul(x=x, y=variable(f"{layer.name}_scale", scale), name="mul")
    return tf.raw_ops.Add(x=x, y=variable(f"{layer.name}_offset", offset), name="add")


def _relu(layer: keras.layers.ReLU, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    _require(layer, negative_slope=0, threshold=0)
    if layer.max_value is None:
        return tf.raw_ops.Relu(features=x)
    _require(layer, max_value=6)
    return tf.raw_ops.Relu6(features=x)


def is_sigmoid(layer: keras.Layer) -> bool:
    """Whether a layer is the activation sigmoid, and nothing else."""
    is_activation = isinstance(layer, keras.layers.Activation)
    return is_activation and keras.activations.serialize(layer.activation) == "sigmoid"


def _activation(layer: keras.layers.Activation, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    """A layer that is nothing else; a sigmoid has its name, since the network may end in it."""
    if is_sigmoid(layer):
        return tf.raw_ops.Sigmoid(x=x, name=layer.name)
    return _activated(layer, weights, x)


def _activated(layer: keras.Layer, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    activation = keras.activations.serialize(layer.activation)
    match activation:
        case "linear":
            return x
        case "relu":
            return tf.raw_ops.Relu(features=x)
        case "relu6":
            return tf.raw_ops.Relu6(features=x)
        case "sigmoid":
            return tf.raw_ops.Sigmoid(x=x)
        case "tanh":
            return tf.raw_ops.Tanh(x=x)
    raise _unsupported(
        layer,
        f"its activation is {activation!r}, expected linear, relu, relu6, sigmoid or tanh "
        "(softmax: as a Softmax layer)",
    )


def _softmax(layer: keras.layers.Softmax, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    _require_flat(layer, x)
    if layer.axis not in (-1, 1):
        raise _unsupported(layer, f"axis is {layer.axis}, expected -1")
    return tf.raw_ops.Softmax(logits=x, name=layer.name)


def _pool(layer: keras.Layer, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    _require(layer, data_format="channels_last")
    kind, name = (
        (tf.raw_ops.MaxPool, "input")
        if isinstance(layer, keras.layers.MaxPooling2D)
        else (tf.raw_ops.AvgPool, "value")
    )
    return kind(
        **{name: x},
        ksize=[1, *layer.pool_size, 1],
        strides=[1, *layer.strides, 1],
        padding=layer.padding.upper(),
    )


def _global_pool(layer: keras.Layer, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    _require(layer, data_format="channels_last")
    kind = tf.raw_ops.Max if isinstance(layer, keras.layers.GlobalMaxPooling2D) else tf.raw_ops.Mean
    return kind(input=x, axis=[1, 2], keep_dims=layer.keepdims)


def _cropping(layer: keras.layers.Cropping2D, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    _require(layer, data_format="channels_last")
    (top, _), (left, _) = layer.cropping
    return tf.raw_ops.Slice(input=x, begin=[0, top, left, 0], size=[-1, *layer.output.shape[1:]])


def _reshape(layer: keras.Layer, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    """Flatten and Reshape: the shape that Keras worked out, with any number of clips."""
    return tf.raw_ops.Reshape(tensor=x, shape=[-1, *layer.output.shape[1:]])


def _permute(layer: keras.layers.Permute, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.Transpose(x=x, perm=[0, *layer.dims], name="transpose")


def _zero_padding(layer: keras.layers.ZeroPadding2D, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    _require(layer, data_format="channels_last")
    return tf.raw_ops.Pad(input=x, paddings=[(0, 0), *layer.padding, (0, 0)])


def _add(layer: keras.layers.Add, weights: Weights, x: tf.Tensor, *others: tf.Tensor) -> tf.Tensor:
    for other in others:
        x = tf.raw_ops.Add(x=x, y=other, name="add")
    return x


def _multiply(layer: keras.layers.Multiply, weights: Weights, x: tf.Tensor, *others: tf.Tensor) -> tf.Tensor:
    for other in others:
        x = tf.raw_ops.Mul(x=x, y=other, name="mul")
    return x


def _concatenate(layer: keras.layers.Concatenate, weights: Weights, *inputs: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.ConcatV2(values=list(inputs), axis=layer.axis % inputs[0].shape.rank, name="concat")


def _nothing(layer: keras.Layer, weights: Weights, x: tf.Tensor) -> tf.Tensor:
    return x


_EMITTERS: Mapping[type[keras.Layer], Callable[..., tf.Tensor]] = {
    keras.layers.Activation: _activation,
    keras.layers.Add: _add,
    keras.layers.AveragePooling2D: _pool,
    keras.layers.BatchNormalization: _batch_normalization,
    FusedBatchNormalization: _batch_normalization,
    keras.layers.Concatenate: _concatenate,
    keras.layers.Conv2D: _conv2d,
    keras.layers.Cropping2D: _cropping,
    keras.layers.Dense: _dense,
    keras.layers.DepthwiseConv2D: _depthwise_conv2d,
    keras.layers.Dropout: _nothing,
    keras.layers.Flatten: _reshape,
    keras.layers.GlobalAveragePooling2D: _global_pool,
    keras.layers.GlobalMaxPooling2D: _global_pool,
    keras.layers.MaxPooling2D: _pool,
    keras.layers.Multiply: _multiply,
    keras.layers.Permute: _permute,
    keras.layers.ReLU: _relu,
    keras.layers.Reshape: _reshape,
    keras.layers.Softmax: _softmax,
    keras.layers.ZeroPadding2D: _zero_padding,
}
