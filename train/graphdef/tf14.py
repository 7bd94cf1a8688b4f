"""The ops of TensorFlow 1.4 and their attributes: it refuses a graph with any other.

Source: the op definitions registered in the 1.4.0 package, audio ops included; 825 of them. Where that is
installed, tests/parity/test_graphdef.py makes the list anew and compares.
"""

import json
from collections.abc import Mapping
from pathlib import Path

TF14_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    op: frozenset(attributes.split())
    for op, attributes in json.loads(
        Path(__file__).with_name("tf14_ops.json").read_text(encoding="utf-8")
    ).items()
}
