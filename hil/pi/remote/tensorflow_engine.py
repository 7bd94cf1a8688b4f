"""A frozen graph run by whichever TensorFlow is installed, 1.4 and later."""

import importlib
import os

import numpy as np

from .graphdef import GraphError, parse_graph, split_reference
from .tally import NodeRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Array = np.ndarray[Any, Any]
    Reference = tuple[str, int]

_AUDIO_OPS = "tensorflow.contrib.framework.python.ops.audio_ops"  # registers them, before version 1.5


class TensorFlowEngine(object):
    """Keeps what ``Interpreter`` promises."""

    def __init__(self, content, feeds, fetches, threads=-1):
        # type: (bytes, list[str], list[str], int) -> None
        """Load TensorFlow and the graph.

        Args:
            threads: of one operator; -1 leaves that to TensorFlow.
        Raises:
            ImportError: there is no TensorFlow.
            GraphError: it refuses the graph.
        """
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        tensorflow = importlib.import_module("tensorflow")
        self.name = "TensorFlow " + str(tensorflow.__version__)
        self._v1 = tf = getattr(getattr(tensorflow, "compat", None), "v1", tensorflow)  # type: Any
        if str(tensorflow.__version__).startswith("1."):
            importlib.import_module(_AUDIO_OPS)
        self.nodes = {node.name: node for node in parse_graph(content)}
        graph_def, graph = tf.GraphDef(), tf.Graph()
        try:
            graph_def.ParseFromString(content)
            with graph.as_default():
                tf.import_graph_def(graph_def, name="")
            self._feeds = [graph.get_tensor_by_name(name) for name in feeds]
            self._fetches = [graph.get_tensor_by_name(name) for name in fetches]
        except (KeyError, TypeError, ValueError, tf.errors.OpError) as error:
            raise GraphError("%s cannot load it: %s" % (self.name, error))
        config = tf.ConfigProto(intra_op_parallelism_threads=max(threads, 0))
        self._session = tf.Session(graph=graph, config=config)
        self._call = self._session.make_callable(self._fetches, feed_list=self._feeds)

    def run(self, inputs):
        # type: (list[Array]) -> list[Array]
        """The wanted tensors, for arrays in the order of ``feeds``."""
        return [np.asarray(value) for value in self._call(*inputs)]

    def run_traced(self, inputs):
        # type: (list[Array]) -> list[NodeRun]
        """One run, timed node by node by TensorFlow itself."""
        options = self._v1.RunOptions(trace_level=self._v1.RunOptions.FULL_TRACE)
        trace = self._v1.RunMetadata()
        self._session.run(self._fetches, self._given(inputs), options=options, run_metadata=trace)
        stats = [node for device in trace.step_stats.dev_stats for node in device.node_stats]
        stats.sort(key=lambda node: node.all_start_micros)
        return [
            NodeRun(
                node.node_name,
                self._kind(node.node_name, node.timeline_label),
                node.all_start_micros - stats[0].all_start_micros,
                node.all_end_rel_micros,
                sum(memory.total_bytes for memory in node.memory),
            )
            for node in stats
        ]

    def shapes(self, inputs, references):
        # type: (list[Array], Iterable[Reference]) -> dict[Reference, tuple[int, ...]]
        """Shapes of tensors, by ``(name, output)``, from a run."""
        wanted = sorted(references)
        tensors = ["%s:%d" % reference for reference in wanted]
        values = self._session.run(tensors, self._given(inputs))
        return {reference: np.shape(value) for reference, value in zip(wanted, values)}

    def _given(self, inputs):
        # type: (list[Array]) -> dict[Any, Array]
        return dict(zip(self._feeds, inputs))

    def _kind(self, name, label):
        # type: (str, str) -> str
        """The operator: TensorFlow's label is ``name = Op(inputs)``."""
        _, _, call = str(label).partition(" = ")
        if call:
            return call.partition("(")[0]
        node = self.nodes.get(split_reference(str(name))[0])
        return node.op if node else "<>"
