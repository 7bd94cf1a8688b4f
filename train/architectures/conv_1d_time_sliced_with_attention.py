"""conv_1d_time_sliced_with_attention: the network on the waveform that won the Raspberry Pi prize of 2017.

Source: see--/speech_recognition (ad2af0d), whose Keras layers in one dimension are ones in two here, of one
column, so that TensorFlow 1.4 has an op for each.
Layers: frames of 40 samples every 20, SAME, whose samples are the channels: 800 x 40; 128 filters of 3
frames at stride 2, VALID: 399; separable convolutions (depthwise over 3 frames, pointwise, no bias) to 128
channels, VALID: 397, then to 192, 256, 320, 384 and 512 channels, each at stride 2, SAME, and once more,
VALID: 9 frames are left. Every one is normalized, then ReLU6. A dense layer and a softmax say how much each
of the 9 matters; the largest values of what matters, beside the mean of all, go through dropout and a dense
layer without bias.
Parameters with 12 labels: 1,198,601, of which 1,191,433 are trained. FLOPs by the rule of benchmark_model:
112.47M. The entry trained it by RMSprop on labels smoothed by 0.1, with dropout 0.4. No board has its front
end.
"""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd

FRONT_END = FrontEnd("raw")
_STRIDE_SAMPLES = 20  # half a frame
_FIRST_CHANNELS = 128
_CHANNELS = (192, 256, 320, 384, 512)


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    samples = _layers.features(front_end)
    x = _layers.convolution(_frames(samples), "first", _FIRST_CHANNELS, (3, 1), seed, (2, 1), "valid")
    x = _separable(_relu6(x, "first"), "second", _FIRST_CHANNELS, seed, 1, "valid")
    for stage, channels in enumerate(_CHANNELS):
        x = _separable(x, f"stage{stage}_half", channels, seed, 2, "same")
        x = _separable(x, f"stage{stage}", channels, seed, 1, "valid")
    flat = _layers.dropout(keras.layers.Flatten(name="flatten")(x), "flatten", dropout, seed)
    weights = _layers.glorot_dense("attention", x.shape[1], seed)(flat)
    weights = keras.layers.Softmax(name="attention_softmax")(weights)
    weights = keras.layers.Reshape((x.shape[1], 1, 1), name="attention_frames")(weights)
    strongest = keras.layers.GlobalMaxPooling2D(name="max")(
        keras.layers.Multiply(name="attended")([x, weights])
    )
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    x = keras.layers.Concatenate(name="max_mean")([strongest, mean])
    x = _layers.dropout(x, "max_mean", dropout, seed)
    logits = _layers.glorot_dense("final_fc", label_count, seed, use_bias=False)(x)
    return _layers.classifier(samples, logits, "conv_1d_time_sliced_with_attention")


def _frames(samples: keras.KerasTensor) -> keras.KerasTensor:
    """(samples, 1, 1) to (samples / 20, 1, 40): each frame is a stretch of 20 samples and the next one."""
    half = _STRIDE_SAMPLES // 2
    padded = keras.layers.ZeroPadding2D(((half, half), (0, 0)), name="padded")(samples)
    count = padded.shape[1] // _STRIDE_SAMPLES
    stretches = keras.layers.Reshape((count, 1, _STRIDE_SAMPLES), name="stretches")(padded)
    first = keras.layers.Cropping2D(((0, 1), (0, 0)), name="frame_start")(stretches)
    second = keras.layers.Cropping2D(((1, 0), (0, 0)), name="frame_end")(stretches)
    return keras.layers.Concatenate(name="frames")([first, second])


def _separable(
    x: keras.KerasTensor, name: str, channels: int, seed: int, stride: int, padding: str
) -> keras.KerasTensor:
    """Each channel filtered over 3 frames, channels mixed, normalized, ReLU6."""
    depth = f"{name}_depth"
    x = keras.layers.DepthwiseConv2D(
        (3, 1),
        strides=stride,
        padding=padding,
        use_bias=False,
        depthwise_initializer=_layers.glorot(seed, depth),
        name=depth,
    )(x)
    return _relu6(_layers.convolution(x, name, channels, (1, 1), seed), name)


def _relu6(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.ReLU(max_value=6, name=f"{name}_relu")(x)
