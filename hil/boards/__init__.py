"""A board.json, the firmware built for it, and what it takes of the board.

Start at ``board.load_board`` and ``build.build``; ``flash`` brings it there.
"""
