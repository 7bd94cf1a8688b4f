"""Frozen graphs of TensorFlow 1.4, small or large, and ``python -m hil`` called on them."""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from hil import __main__ as hil


def make_graph(folder: Path, labels: int = 12, extra: int = 0, foreign: bool = False) -> Path:
    """A graph of a few nodes with the challenge's interface; ``extra`` weights that nobody needs."""
    weights = np.random.default_rng(1).normal(0, 0.1, (16000, labels)).astype(np.float32)
    with tf.Graph().as_default() as graph:
        wav = tf.compat.v1.placeholder(tf.string, [], name="wav_data")
        audio = tf.raw_ops.DecodeWav(
            contents=wav, desired_channels=1, desired_samples=16000, name="decoded_sample_data"
        ).audio
        flat = tf.raw_ops.Reshape(tensor=audio, shape=[1, 16000])
        x = tf.raw_ops.MatMul(a=flat, b=tf.constant(weights))
        x = tf.raw_ops.LeakyRelu(features=x) if foreign else tf.raw_ops.Relu(features=x)
        tf.raw_ops.Softmax(logits=x, name="labels_softmax")
        if extra:
            tf.constant(np.arange(extra, dtype=np.float32), name="ballast")
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        for name in {"grad_a", "grad_b"} & set(node.attr):
            del node.attr[name]
    path = folder / "model.pb"
    path.write_bytes(graph_def.SerializeToString())
    return path


def run(monkeypatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["hil", "pi", *map(str, arguments)])
    hil.main()


def small_graph(*nodes: tuple[str, str, list[str]]) -> bytes:
    graph_def = tf.compat.v1.GraphDef()
    for name, op, inputs in nodes:
        graph_def.node.add(name=name, op=op, input=inputs)
    return graph_def.SerializeToString()
