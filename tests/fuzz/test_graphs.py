"""Damaged frozen graphs: figures or one line, from every command that reads one."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fuzzing import cases
from fuzzing.campaign import ACCEPTED, REFUSED, run_cases
from fuzzing.graph_damage import damaged, small_graphs
from invoke import invoke

from hil.commands import pi
from hil.pi.benchmark import RuleError
from hil.pi.remote import scorer, submission, timer
from hil.pi.remote.array_operators import ARRAY_OPERATORS
from hil.pi.remote.graphdef import parse_graph
from hil.pi.remote.loops import CONTROL_FLOW
from hil.pi.remote.operators import ELEMENTWISE, OPERATORS, VIEWS
from train.audio.wav import encode_wav
from train.core.errors import UserError

GRAPHS = cases(20, 2000)
FOUND = ()  # seeds beyond the first that once showed a fault
OPS = sorted(
    {*OPERATORS, *ARRAY_OPERATORS, *ELEMENTWISE, *VIEWS, *CONTROL_FLOW, "Const", "Placeholder", "Mystery"}
)


def test_the_graphs_are_sound(tmp_path: Path) -> None:
    """Otherwise all that is damaged would be refused."""
    for number, graph in enumerate(small_graphs()):
        assert len(parse_graph(graph)) > 10
        path = tmp_path / f"{number}.pb"
        path.write_bytes(graph)
        invoke(pi, [path, "--estimate"])


@pytest.mark.fuzz
def test_damaged_graphs(tmp_path: Path, tell: Callable[[str], None], request: pytest.FixtureRequest) -> None:
    bases = small_graphs()
    if os.environ.get("EARSHOT_FUZZ"):
        bases += request.getfixturevalue("frozen_networks")
    clip = encode_wav((3000 * np.sin(np.arange(16000) / 5)).astype(np.int16), 16000)

    def case(seed: int, folder: Path) -> tuple[str, str]:
        path = folder / "model.pb"
        path.write_bytes(damaged(seed, bases, OPS))
        (folder / "clips").mkdir()
        (folder / "clips" / "one.wav").write_bytes(clip)
        np.save(folder / "clips.npy", np.zeros((1, 16000), np.float32))
        said = [estimated(path)]
        common = [path, "--engine", "numpy"]
        said.append(
            program(timer.main, *common, "--max-num-runs", 1, "--max-time", 0.1, "--json", folder / "t.json")
        )
        said.append(program(scorer.main, *common, folder / "clips.npy"))
        said.append(program(submission.main, *common, folder / "clips"))
        refusals = [why for why in said if why]
        assert not any("\n" in why for why in refusals), refusals
        return (REFUSED, refusals[0]) if len(refusals) == len(said) else (ACCEPTED, "; ".join(refusals))

    campaign = run_cases("graphs", case, GRAPHS, tmp_path, tell, FOUND)
    campaign.check(**{ACCEPTED: 1 / 10})


def estimated(graph: Path) -> str:
    """Why ``earshot pi GRAPH --estimate`` refuses it; "" if it does not."""
    try:
        invoke(pi, [graph, "--estimate"])
    except RuleError:
        return ""
    except UserError as error:
        return str(error)
    return ""


def program(main: Callable[[], None], *arguments: object) -> str:
    """The same of a program of the Pi, which ends with a status and a line."""
    sys.argv = ["program", *map(str, arguments)]
    status = 0
    try:
        main()
    except SystemExit as end:
        status = end.code
    assert status in (0, timer.EXIT_GRAPH), status
    return "refused" if status else ""
