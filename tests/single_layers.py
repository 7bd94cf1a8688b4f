"""A model around any layer, and every kind of layer that the GraphDef writer knows."""

import keras
import numpy as np
from keras import layers

from train.core.spec import FrontEnd

FRONT_END = FrontEnd()


def make_audio(clips: int = 3) -> np.ndarray:
    """(clips, 16000) float32 noise of rising loudness; the last clip saturates the features."""
    rng = np.random.default_rng(5)
    noise = rng.standard_normal((clips, FRONT_END.clip_samples))
    return np.clip(noise * np.geomspace(0.05, 1, clips)[:, None], -1, 1).astype(np.float32)


def randomise(model: keras.Model) -> keras.Model:
    """Give every weight a value that matters, moving averages and gammas included."""
    rng = np.random.default_rng(7)
    for weight in model.weights:
        if weight.name in ("moving_variance", "gamma"):
            weight.assign(rng.uniform(0.5, 2, weight.shape))
        else:
            weight.assign(rng.normal(0, 0.3 / np.sqrt(np.prod(weight.shape[:-1]) or 1), weight.shape))
    return model


def make_model(*body, end=True) -> keras.Model:
    """A model of these layers with a dense softmax on top; features are first scaled to about 1."""
    inputs = keras.Input((FRONT_END.frames, FRONT_END.bins, 1), name="features")
    x = layers.Conv2D(3, (4, 4), strides=4, padding="same", name="first")(inputs)
    for layer in body:
        x = layer(x)
    if end:
        x = layers.Dense(4, name="final_fc")(layers.Flatten()(x))
        x = layers.Softmax(name="labels_softmax")(x)
    return randomise(keras.Model(inputs, x))


SINGLE_LAYERS = {
    "batch norm": (layers.BatchNormalization(), {"Mul", "Add"}),
    "batch norm without scale": (layers.BatchNormalization(scale=False, epsilon=0.1), {"Mul", "Add"}),
    "batch norm without centre": (layers.BatchNormalization(center=False), {"Mul", "Add"}),
    "conv, no bias": (layers.Conv2D(4, 3, use_bias=False), {"Conv2D"}),
    "conv 1x1, relu": (layers.Conv2D(4, 1, activation="relu"), {"Conv2D", "Add", "Relu"}),
    "depthwise": (layers.DepthwiseConv2D((3, 5), padding="same"), {"DepthwiseConv2dNative", "Add"}),
    "depthwise, stride": (layers.DepthwiseConv2D(3, strides=2, use_bias=False), {"DepthwiseConv2dNative"}),
    "depthwise, multiplier": (layers.DepthwiseConv2D(3, depth_multiplier=2), {"DepthwiseConv2dNative"}),
    "max pool": (layers.MaxPooling2D((3, 2)), {"MaxPool"}),
    "max pool, same": (layers.MaxPooling2D(2, strides=1, padding="same"), {"MaxPool"}),
    "average pool": (layers.AveragePooling2D((2, 3), padding="same"), {"AvgPool"}),
    "global average": (layers.GlobalAveragePooling2D(), {"Mean"}),
    "global average, kept": (layers.GlobalAveragePooling2D(keepdims=True), {"Mean"}),
    "global max": (layers.GlobalMaxPooling2D(), {"Max"}),
    "global max, kept": (layers.GlobalMaxPooling2D(keepdims=True), {"Max"}),
    "cropping": (layers.Cropping2D(((1, 2), (0, 3))), {"Slice"}),
    "zero padding": (layers.ZeroPadding2D(((1, 2), (0, 3))), {"Pad"}),
    "permute": (layers.Permute((3, 1, 2)), {"Transpose"}),
    "reshape": (layers.Reshape((-1, 1, 3)), {"Reshape"}),
    "relu": (layers.ReLU(), {"Relu"}),
    "relu6": (layers.ReLU(max_value=6), {"Relu6"}),
    "relu6 activation": (layers.Activation("relu6"), {"Relu6"}),
    "sigmoid": (layers.Activation("sigmoid"), {"Sigmoid"}),
    "tanh": (layers.Activation("tanh"), {"Tanh"}),
    "linear": (layers.Activation("linear"), set()),
    "dropout": (layers.Dropout(0.5), set()),
}
