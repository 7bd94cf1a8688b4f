"""The timer's statistics, tables, FLOPs and reader, against hand-made values and a log of a real Pi 3."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SHARED
from small_graphs import small_graph

from hil.pi.remote.graphdef import GraphError, Node, parse_graph
from hil.pi.remote.interpreter import Interpreter
from hil.pi.remote.tally import NodeRun, Stat, Tally
from hil.pi.remote.work import human_number, needed_nodes, node_flops

LOG = SHARED / "reference" / "pi3_benchmark_model.log"
needs_log = pytest.mark.skipif(not LOG.is_file(), reason="../shared has no log of a Pi 3")


def stat_of(*values: int) -> Stat:
    stat = Stat()
    for value in values:
        stat.add(value)
    return stat


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ((), "count=0"),
        ((7,), "count=1 curr=7"),
        ((7, 7, 7), "count=3 curr=7(all same)"),
        ((237900, 100842), "count=2 first=237900 curr=100842 min=100842 max=237900 avg=169371 std=68529"),
        ((1, 2, 4), "count=3 first=1 curr=4 min=1 max=4 avg=2.33333 std=1.24722"),
        (
            (2000000, 4000002),
            "count=2 first=2000000 curr=4000002 min=2000000 max=4000002 avg=3e+06 std=1e+06",
        ),
    ],
)
def test_stat_line(values, line):
    assert stat_of(*values).line() == line


def test_deviation_keeps_small_differences_of_large_numbers():
    assert stat_of(10**12, 10**12 + 2).deviation == 1.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00k"),
        (739200, "739.20k"),
        (410316800, "410.32M"),
        (999999999, "1000.00M"),  # cut to 999,999 thousands, then rounded: so does the original
        (2663589164, "2.66B"),
        (5 * 10**12, "5.00T"),
        (7 * 10**15, "7000.00T"),
    ],
)
def test_human_number(value, text):
    assert human_number(value) == text


CONV_SHAPES = {  # the original's conv on 99 x 40 features with 12 labels, of which the log is
    ("features", 0): (1, 99, 40, 1),
    ("filter", 0): (20, 8, 1, 64),
    ("first", 0): (1, 99, 40, 64),
    ("pool", 0): (1, 50, 20, 64),
    ("filter2", 0): (10, 4, 64, 64),
    ("second", 0): (1, 50, 20, 64),
    ("flat", 0): (1, 64000),
    ("weights", 0): (64000, 12),
    ("scores", 0): (1, 12),
}
CONV_NODES = [
    Node("first", "Conv2D", [("features", 0), ("filter", 0)], {}),
    Node("pool", "MaxPool", [("first", 0)], {}),
    Node("second", "Conv2D", [("pool", 0), ("filter2", 0)], {}),
    Node("flat", "Reshape", [("second", 0)], {}),
    Node("scores", "MatMul", [("flat", 0), ("weights", 0)], {}),
]


def test_flops_of_the_original_s_conv_are_those_of_the_log():
    flops = [node_flops(node, CONV_SHAPES.__getitem__) for node in CONV_NODES]
    assert flops == [81100800, 0, 327680000, 0, 1536000]
    assert sum(flops) == 410316800


def test_flops_of_other_products():
    shapes = {("x", 0): (1, 8, 6, 5), ("k", 0): (3, 2, 5, 2), ("y", 0): (1, 4, 3, 10)}
    depthwise = Node("y", "DepthwiseConv2dNative", [("x", 0), ("k", 0)], {})
    assert node_flops(depthwise, shapes.__getitem__) == 120 * 3 * 2 * 2
    shapes = {("x", 0): (7, 3), ("k", 0): (7, 4), ("y", 0): (3, 4)}
    product = Node("y", "MatMul", [("x", 0), ("k", 0)], {"transpose_a": True})
    assert node_flops(product, shapes.__getitem__) == 12 * 7 * 2


def test_only_needed_nodes_count():
    aside = Node("aside", "Conv2D", [("features", 0), ("filter", 0)], {})
    assert needed_nodes([*CONV_NODES, aside], "scores") == CONV_NODES


def test_tables_of_two_runs():
    tally = Tally()
    tally.add_run([NodeRun("a", "Conv2D", 0, 3000, 400), NodeRun("b", "Relu", 3001, 1000, 0)])
    tally.add_run([NodeRun("a", "Conv2D", 2, 5000, 400), NodeRun("b", "Relu", 5003, 1001, 2000)])
    lines = tally.lines()
    title = lines.index("============================== Run Order ==============================")
    order = [line.split("\t")[1:] for line in lines[title + 1 : title + 4]]
    assert [[cell.strip() for cell in row] for row in order] == [
        [
            "[node type]",
            "[start]",
            "[first]",
            "[avg ms]",
            "[%]",
            "[cdf%]",
            "[mem KB]",
            "[times called]",
            "[Name]",
        ],
        ["Conv2D", "0.001", "3.000", "4.000", "79.992%", "79.992%", "0.400", "1", "a"],
        ["Relu", "4.002", "1.000", "1.000", "20.008%", "100.000%", "2.000", "1", "b"],
    ]
    assert [len(cell) for cell in order[1][:-1]] == [24, 9, 9, 9, 8, 8, 10, 9]
    memory = lines.index("============================== Top by Memory Use ==============================")
    assert lines[memory + 2].endswith("\tb")
    assert (
        "Timings (microseconds): count=2 first=4000 curr=6001 min=4000 max=6001 avg=5000.5 std=1000.5"
        in lines
    )
    assert "Memory (bytes): count=2 first=400 curr=2400 min=400 max=2400 avg=1400 std=1000" in lines
    assert "2 nodes observed" in lines


@pytest.mark.shared
@needs_log
def test_table_by_type_is_the_log_s_to_the_letter():
    """Its rows, taken apart and put into a tally, come out as they were."""
    texts = [line.partition("] ")[2] for line in LOG.read_text().splitlines()]
    rows = [text for text in texts if text.startswith("\t") and text.split("\t")[2].strip().isdigit()]
    head = next(text for text in texts if "[Node type]" in text)
    assert len(rows) == 13
    run = []
    for row in rows:
        op, count, mean_ms, _, _, memory_kb, _ = (cell.strip() for cell in row.split("\t")[1:])
        for number in range(int(count)):  # the first of a type stands for all of its time and memory
            share = 1 - min(number, 1)
            duration_us, memory_bytes = round(float(mean_ms) * 1000), round(float(memory_kb) * 1000)
            run.append(NodeRun(f"{op}{number}", op, 0, share * duration_us, share * memory_bytes))
    tally = Tally()
    tally.add_run(run)
    lines = tally.lines()
    start = lines.index(head)
    assert "Number of nodes executed: 26" in lines
    assert "Memory (bytes): count=1 curr=1643420" in lines
    # Percentages of the log are of floats added up: the last digit of a sum may differ.
    for ours, theirs in zip(lines[start : start + 14], [head, *rows], strict=True):
        cells, expected = ours.split("\t"), theirs.split("\t")
        assert cells[:5] + cells[6:] == expected[:5] + expected[6:]
        if "%]" not in cells[5]:
            assert float(cells[5].rstrip("%")) == pytest.approx(float(expected[5].rstrip("%")), abs=0.0015)


def const_graph(**attributes) -> bytes:
    graph_def = tf.compat.v1.GraphDef()
    node = graph_def.node.add(name="größe", op="Const", input=["a", "b:2", "^control"])
    for name, value in attributes.items():
        node.attr[name].CopyFrom(value)
    return graph_def.SerializeToString()


def attribute(**fields) -> tf.compat.v1.AttrValue:
    return tf.compat.v1.AttrValue(**fields)


def test_reader_knows_every_kind_of_attribute():
    lists = tf.compat.v1.AttrValue.ListValue
    (node,) = parse_graph(
        const_graph(
            s=attribute(s=b"SAME"),
            i=attribute(i=-3),
            f=attribute(f=0.25),
            b=attribute(b=True),
            type=attribute(type=tf.int32.as_datatype_enum),
            shape=attribute(shape=tf.TensorShape([2, None, 0]).as_proto()),
            unknown=attribute(shape=tf.TensorShape(None).as_proto()),
            ints=attribute(list=lists(i=[1, -2, 300])),
            floats=attribute(list=lists(f=[0.5, -1.5])),
            empty=attribute(list=lists()),
            strings=attribute(list=lists(s=[b"x", b""])),
        )
    )
    assert (node.name, node.op, node.inputs) == ("größe", "Const", [("a", 0), ("b", 2)])
    assert node.attributes == {
        "s": b"SAME", "i": -3, "f": 0.25, "b": True, "type": 3, "shape": (2, -1, 0), "unknown": None,
        "ints": [1, -2, 300], "floats": [0.5, -1.5], "empty": [], "strings": [b"x", b""],
    }  # fmt: skip


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool"]
)
@pytest.mark.parametrize("values", [[[1, 0, 3], [4, 5, 0]], 1, [[7, 7], [7, 7]], [], [[-5, 3]]])
def test_reader_gives_tensors_as_tensorflow_does(dtype, values):
    array = np.array(values).astype(dtype)
    for proto in (tf.make_tensor_proto(array), tf.compat.v1.make_tensor_proto(array.tolist(), dtype=dtype)):
        (node,) = parse_graph(const_graph(value=attribute(tensor=proto)))
        found = node.attributes["value"]
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


def test_reader_fills_up_with_the_last_value():
    proto = tf.make_tensor_proto(0.0, shape=[2, 3])
    del proto.float_val[:]
    proto.float_val.extend([1.0, 2.5])
    (node,) = parse_graph(const_graph(value=attribute(tensor=proto)))
    np.testing.assert_array_equal(node.attributes["value"], [[1, 2.5, 2.5], [2.5, 2.5, 2.5]])


SMALL = const_graph(value=attribute(tensor=tf.make_tensor_proto(np.arange(3.0))), s=attribute(s=b"x"))


@settings(max_examples=300, deadline=None)
@given(cut=st.integers(0, len(SMALL)), flips=st.lists(st.tuples(st.integers(0, 999), st.integers(1, 255))))
def test_a_damaged_graph_is_read_or_refused(cut, flips):
    """Whatever the bytes, the reader ends, and with no other error than its own."""
    damaged = bytearray(SMALL[:cut])
    for place, mask in flips:
        if damaged:
            damaged[place % len(damaged)] ^= mask
    with contextlib.suppress(GraphError):
        assert parse_graph(bytes(damaged))


@pytest.mark.parametrize(
    "content",
    [b"", b"hello, this is no graph", SMALL[:-3], b"\x1f\x8b\x08" + bytes(40)],
    ids=["empty", "text", "cut", "gzip"],
)
def test_what_is_no_graph_is_refused(content):
    with pytest.raises(GraphError, match="not a GraphDef, damaged or cut short"):
        parse_graph(content)


X = ("x", "Placeholder", [])
REFUSED = {
    "a foreign op": ([X, ("y", "Frobnicate", ["x"])], "node y is Frobnicate, which the NumPy interpreter"),
    "a loop": ([X, ("a", "Relu", ["y"]), ("y", "Relu", ["a"])], "node y needs its own result"),
    "a missing node": ([X, ("y", "Add", ["x", "gone"])], "has no node gone, which another takes"),
    "no such output": ([X], "the graph of 1 nodes has no y"),
    "a second input": ([X, ("z", "Placeholder", []), ("y", "Add", ["x", "z"])], "input z is not given"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_interpreter_refuses(case):
    nodes, message = REFUSED[case]
    with pytest.raises(GraphError, match=message):
        Interpreter(small_graph(*nodes), ["x:0"], ["y:0"])


def test_interpreter_names_the_node_that_fails():
    graph = small_graph(("x", "Placeholder", []), ("y", "MatMul", ["x", "x"]))
    with pytest.raises(GraphError, match=r"node y \(MatMul\): .*"):
        Interpreter(graph, ["x:0"], ["y:0"]).run([np.zeros((2, 3), np.float32)])


def test_results_are_overwritten_only_where_nobody_needs_them():
    """x + x twice used: the first sum must survive the ReLU that could have written over it."""
    graph = small_graph(
        ("x", "Placeholder", []),
        ("sum", "Add", ["x", "x"]),
        ("cut", "Relu", ["sum"]),
        ("y", "Sub", ["cut", "sum"]),
    )
    given = np.array([-1.0, 2.0], np.float32)
    engine = Interpreter(graph, ["x:0"], ["y:0"])
    for _ in range(2):
        np.testing.assert_array_equal(engine.run([given])[0], [2.0, 0.0])
    np.testing.assert_array_equal(given, [-1.0, 2.0])
    # 8 bytes each for the sum and the ReLU; the difference takes the place of the latter.
    assert [record.memory_bytes for record in engine.run_traced([given])] == [8, 8, 0]
