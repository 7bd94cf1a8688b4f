"""Random cases: how many a test tries, what becomes of each, and where the figures go.

``make test`` tries a few of each kind, ``make fuzz`` all of them; case n is the same in both.
"""

import os


def cases(few: int, all_of_them: int) -> int:
    """The number for this run. Case n is the same in both, so that a seed that failed can be tried again."""
    return all_of_them if os.environ.get("EARSHOT_FUZZ") else few
