"""docs/NETWORKS.md tells of every network for boards, and its sizes are those of the code."""

import re

import pytest
from places import ROOT

from train import architectures
from train.core.spec import FrontEnd

DOCUMENT = (ROOT / "docs" / "NETWORKS.md").read_text(encoding="utf-8")
LABEL_COUNTS = (4, 12)


def rows() -> list[dict[str, str]]:
    """The table between the marks, by the names of its columns."""
    (table,) = re.findall(r"<!-- make bench-networks .*?-->\n+(\|.*?)\n\n", DOCUMENT, re.DOTALL)
    header, _, *lines = (
        [cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.split("\n")
    )
    return [dict(zip(header, line, strict=True)) for line in lines]


def test_the_table_lists_every_network():
    """Where this fails: make bench-networks, or tests/bench/networks_table.py --network NAME."""
    found = [(row["network"], int(row["labels"])) for row in rows()]
    assert found == [(name, labels) for name in architectures.names_for_boards() for labels in LABEL_COUNTS]


def test_every_network_has_its_words():
    described = re.findall(r"^\*\*`(\w+)`\*\*", DOCUMENT, re.MULTILINE)
    assert sorted(described) == list(architectures.names_for_boards())


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['network']}-{row['labels']}")
def test_sizes_are_those_of_the_code(row):
    usual = architectures.front_end_of(row["network"])
    front_end = usual if usual.name == row["front end"] else FrontEnd(row["front end"])
    model = architectures.build(row["network"], front_end, int(row["labels"]), 0.5, seed=1)
    assert row["parameters"] == f"{architectures.count_parameters(model):,}"
    assert row["MACs"] == f"{architectures.count_macs(model):,}"
