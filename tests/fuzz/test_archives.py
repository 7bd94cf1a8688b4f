"""Hostile and damaged archives: a corpus or one line, and nothing outside the cache."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fuzzing import cases
from fuzzing.archive_damage import damaged
from fuzzing.campaign import ACCEPTED, REFUSED, run_cases

from train.core.errors import UserError
from train.data.archive import extract
from train.data.corpus import read_corpus

ARCHIVES = cases(20, 500)
FOUND = ()  # seeds beyond the first that once showed a fault


@pytest.mark.fuzz
def test_damaged_archives(tmp_path: Path, tell: Callable[[str], None]) -> None:
    def case(seed: int, folder: Path) -> tuple[str, str]:
        name, content = damaged(seed)
        path = folder / name
        path.write_bytes(content)
        try:
            corpus = read_corpus(extract(path, folder / "cache", words=("yes",)), 16000, words=("yes",))
        except UserError:
            left = [it.name for it in (folder / "cache").rglob("*") if it.is_file()]
            assert not left or (folder / "cache" / "corpora").is_dir(), left
            raise
        return ACCEPTED, f"{len(corpus.clips)} clips"

    campaign = run_cases("archives", case, ARCHIVES, tmp_path, tell, FOUND)
    campaign.check(**{ACCEPTED: 1 / 100, REFUSED: 1 / 10})
