"""Fine-tunes a trained network with the rounding of int8 in it, so that it learns to make up for it.

The aware network shares its weights with the trained one, so ``model.keras`` holds what it learns, and is
quantized as any other. Source:
    Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference" (2018).
"""

from typing import Any

import keras
import tensorflow as tf

_BITS = 8
_RANGE_MOMENTUM = 0.99  # of the ranges of activations: about as many steps
_WITH_KERNEL = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
_ROUNDED = (*_WITH_KERNEL, keras.layers.Add, keras.layers.ReLU, keras.layers.GlobalAveragePooling2D)


def aware(model: keras.Model) -> keras.Model:
    """The same network on the same weights, its kernels and activations rounded as in the .tflite.

    Normalization is folded into the kernel before it, its statistics stand still. A kernel is
    rounded per output channel, a dense one as a whole (docs/adr/0005-dense-per-tensor.md); an activation
    where the .tflite has a tensor: not between a sum or a convolution and the ReLU that is part of it.
    """
    consumers = _consumers(model)

    def norm_after(layer: keras.Layer) -> keras.layers.BatchNormalization | None:
        after = consumers.get(layer.name, [])
        return after[0] if len(after) == 1 and _is_norm(after[0]) else None

    def replacement(layer: keras.Layer) -> keras.Layer:
        if _is_norm(layer):
            producer = layer.input._keras_history.operation
            if not isinstance(producer, _WITH_KERNEL):
                raise ValueError(f"{layer.name}: a normalization with no kernel before it to fold it into")
            return _Folded(name=layer.name)
        if not isinstance(layer, _ROUNDED):
            return layer.__class__.from_config(layer.get_config())
        norm = norm_after(layer)
        after = consumers.get((norm or layer).name, [])
        is_rounded = not all(isinstance(consumer, keras.layers.ReLU) for consumer in after)
        return _Aware(layer, norm, is_rounded)

    return keras.models.clone_model(model, clone_function=replacement)


def _consumers(model: keras.Model) -> dict[str, list[keras.Layer]]:
    """Map the name of each layer to the layers that take its output."""
    found: dict[str, list[keras.Layer]] = {}
    for layer in model.layers[1:]:
        for tensor in keras.tree.flatten(layer.input):
            found.setdefault(tensor._keras_history.operation.name, []).append(layer)
    return found


def _is_norm(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization)


class _Folded(keras.layers.Layer):
    """Stands in for a normalization that was folded into the kernel before it."""

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        return inputs


class _Aware(keras.layers.Layer):
    """A layer that rounds its kernel, and its output where the .tflite has a tensor for that."""

    def __init__(
        self, layer: keras.Layer, norm: keras.layers.BatchNormalization | None, is_rounded: bool
    ) -> None:
        super().__init__(name=layer.name)
        self._layer, self._norm, self._is_rounded = layer, norm, is_rounded

    def build(self, *_: Any) -> None:
        if self._is_rounded:
            self._low = self.add_weight(name="low", initializer="zeros", trainable=False)
            self._high = self.add_weight(name="high", initializer="zeros", trainable=False)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        # Not by calling the layer: that would make it a part of a second graph.
        has_kernel = isinstance(self._layer, _WITH_KERNEL)
        outputs = self._weighted(inputs) if has_kernel else self._layer.call(inputs)
        return self._rounded(outputs, training) if self._is_rounded else outputs

    def _weighted(self, inputs: Any) -> Any:
        layer, kernel, bias = self._layer, self._layer.kernel, self._layer.bias
        is_depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        if self._norm is not None:
            norm = self._norm
            factor = norm.gamma / tf.sqrt(norm.moving_variance + norm.epsilon)
            kernel = kernel * (tf.reshape(factor, kernel.shape[2:]) if is_depthwise else factor)
            bias = norm.beta + ((0.0 if bias is None else bias) - norm.moving_mean) * factor
        if isinstance(layer, keras.layers.Dense):
            outputs = keras.ops.matmul(inputs, _rounded_kernel(kernel))
        elif is_depthwise:
            # Seen as (rows, columns, channels), the last axis is the output's, as in the others.
            seen = tf.reshape(kernel, (*kernel.shape[:2], -1))
            kernel = tf.reshape(_rounded_per_channel(seen), kernel.shape)
            outputs = keras.ops.depthwise_conv(inputs, kernel, layer.strides, layer.padding)
        else:
            outputs = keras.ops.conv(inputs, _rounded_per_channel(kernel), layer.strides, layer.padding)
        return layer.activation(outputs if bias is None else outputs + bias)

    def _rounded(self, outputs: Any, training: bool) -> Any:
        """Round activations to 256 steps of the range that they had of late."""
        if training:
            is_first = tf.equal(self._low.value, self._high.value)
            share = tf.where(is_first, 1.0, 1.0 - _RANGE_MOMENTUM)
            for end, seen in ((self._low, tf.reduce_min(outputs)), (self._high, tf.reduce_max(outputs))):
                end.assign(end + share * (tf.stop_gradient(seen) - end))
        return tf.quantization.fake_quant_with_min_max_vars(outputs, self._low.value, self._high.value, _BITS)


def _rounded_kernel(kernel: tf.Tensor) -> tf.Tensor:
    """Round a kernel to steps of a 127th of its largest weight."""
    largest = tf.stop_gradient(tf.reduce_max(tf.abs(kernel)))
    return tf.quantization.fake_quant_with_min_max_vars(kernel, -largest, largest, _BITS, narrow_range=True)


def _rounded_per_channel(kernel: tf.Tensor) -> tf.Tensor:
    """The kernel on steps of a 127th of the largest weight of each channel, which is the last axis."""
    axes = tuple(range(len(kernel.shape) - 1))
    largest = tf.stop_gradient(tf.reduce_max(tf.abs(kernel), axis=axes))
    return tf.quantization.fake_quant_with_min_max_vars_per_channel(
        kernel, -largest, largest, _BITS, narrow_range=True
    )
