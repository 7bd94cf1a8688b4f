"""What ``make bench-incremental`` compares again, and what its table says was not run."""

from types import SimpleNamespace

import pytest
from places import ROOT

BENCH = ROOT / "tests" / "bench"
ENGINE = "5a"


@pytest.fixture
def bench(monkeypatch):
    for folder in (BENCH, BENCH / "streams"):
        monkeypatch.syspath_prepend(folder)
    import every_stride

    return every_stride


def row(board: str, network: str = "tiny_conv", stride_rows: int = 4, **more) -> dict:
    counted = {"windows": 250, "scores_compared": 1000, "scores_differing": 0}
    key = {"board": board, "network": network, "stride_rows": stride_rows, "made_of": ENGINE}
    return {**key, "front_end": "average", **counted, **more}


def test_what_was_not_run_is_told(bench):
    on_board = {"windows_whole_on_board": 32, "of_those_differing": 1}
    rows = [
        row("host", stride_rows=1),
        row("host", stride_rows=2),
        row("rv32", scores_differing=3, **on_board),
    ]
    rows.append(row("host", "single_fc", windows=None))
    lines = bench.table(rows).splitlines()
    assert (
        lines[2] == "| `tiny_conv`, `average` | 0 of 500 (2) | not run | not run | not run | 3 of 250 (1) |"
    )
    assert lines[3].startswith("| `single_fc`, `average` | keeps no rows | not run |")
    assert "3 of 3,000 scores of 750 windows" in lines[-1]
    assert "1 of 32 differ" in lines[-1]


@pytest.mark.parametrize(
    ("change", "is_known"),
    [
        ({}, True),
        ({"windows": 100}, False),
        ({"made_of": "another engine"}, False),
        ({"stride_rows": 5}, False),
        ({"board": "rv32"}, False),
    ],
)
def test_a_row_stays_until_the_engine_or_the_count_changes(bench, monkeypatch, change, is_known):
    class Compared(Exception):
        pass

    def begin(*_):
        raise Compared

    monkeypatch.setattr(bench, "sources_hash", lambda *_: ENGINE)
    monkeypatch.setattr(bench, "_rows", begin)
    front_end = SimpleNamespace(name="average", frames=49)
    subject = SimpleNamespace(name="tiny_conv", front_end=front_end)
    comparison = bench.compare(subject, 4, ["mps2-an386"], 250, [row("mps2-an386") | change])
    if is_known:
        assert list(comparison) == []
    else:
        with pytest.raises(Compared):
            next(comparison)
