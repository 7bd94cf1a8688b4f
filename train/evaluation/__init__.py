"""How often the artefacts of a run are right, on the same clips.

Start at ``evaluate.evaluate``.
"""
