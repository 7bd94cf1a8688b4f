"""What every campaign of random cases needs."""

import sys
from collections.abc import Callable

import pytest


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """``tell(line)``: shows how far a campaign is, at once, whatever pytest captures."""

    def tell(line: str) -> None:
        with capfd.disabled():
            print(line, file=sys.stderr, flush=True)

    return tell
