"""Models that ship with Earshot: ``train/pretrained/NAME``, taken by name wherever a run folder is.

Start at ``models.run_of``. ``card``: what a model says of itself. ``command``: ``earshot models``.
``make pretrained`` makes them (tests/bench/pretrained).
"""
