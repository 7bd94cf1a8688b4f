"""What every campaign of random cases needs."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def frozen_networks(once: Callable[..., Path]) -> list[bytes]:
    """Graphs as training leaves them, of untrained networks."""

    def make(folder: Path) -> None:
        pytest.importorskip("tensorflow")
        from train import architectures
        from train.core.spec import FrontEnd
        from train.graphdef.freeze import freeze

        for name, kind in (("tiny_conv", "average"), ("spectro_temporal", "log_mel"), ("conv", "average")):
            model = architectures.build(name, FrontEnd(kind), 4, dropout=0.5, seed=1)
            (folder / f"{name}.pb").write_bytes(freeze(model, FrontEnd(kind)))

    return [path.read_bytes() for path in sorted(once("frozen", make).glob("*.pb"))]
