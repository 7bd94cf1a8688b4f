"""Conversations on lines that damage, repeat, reorder and forge: right scores, or a line that says why."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from emulator.proof_lines import accept_anything
from fuzzing import cases
from fuzzing.campaign import ACCEPTED, EQUAL, run_cases
from fuzzing.lines import Clock, Damage, WildLink

from hil.link import patience
from hil.link.link import Link
from hil.proof.expected_clips import ClipSet
from hil.protocol import connection, faster_line, session
from hil.protocol.messages import Info
from hil.protocol.session import Session

pytestmark = pytest.mark.emulator

CONVERSATIONS = cases(20, 1000)
FOUND = ()  # seeds beyond the first that once showed a fault
CLIPS = 3
SHARES = (0.0, 0.01, 0.05, 0.2, 0.6)  # of frames that something happens to


@pytest.mark.fuzz
def test_wild_lines(
    sanitized_proof: Path,
    clip_set: ClipSet,
    tmp_path: Path,
    tell: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    for module in (patience, connection, faster_line, session):
        monkeypatch.setattr(module, "time", clock)

    def talk(seed: int, share: float, forges: bool) -> tuple[Info, list]:
        """The results of clips; with the same damage for the same seed."""
        chance = random.Random(seed)
        clock.now_s = 0.0
        indices = [(seed * 7 + step) % len(clip_set) for step in range(CLIPS)]

        def open_link() -> Link:
            to_host = Damage(chance, share, forges)
            return WildLink([sanitized_proof], clock, Damage(chance, share, False), to_host)

        with Session(open_link, accept_anything) as line:
            results = list(zip(indices, line.score(clip_set.clips(indices, None)), strict=True))
            line.read_counters()
            return line.info, results

    sound, _ = talk(0, 0.0, False)

    def case(seed: int, folder: Path) -> tuple[str, str]:
        forges = seed % 4 == 3
        info, results = talk(seed, SHARES[seed % len(SHARES)], forges)
        right = 0
        for index, result in results:
            if result.scores is None:
                continue
            expected = clip_set.scores[index]
            if result.features is not None:  # then the proof asks what the model makes of these
                expected = clip_set.model.run(result.features[np.newaxis])[0]
            if forges:
                assert len(result.scores) == info.label_count
            else:
                assert info == sound
                np.testing.assert_array_equal(result.scores, expected)
            right += 1
        return (EQUAL if right == CLIPS and not forges else ACCEPTED), ""

    campaign = run_cases("lines", case, CONVERSATIONS, tmp_path, tell, FOUND)
    campaign.check()
    assert campaign.outcomes[EQUAL] > CONVERSATIONS / 4
