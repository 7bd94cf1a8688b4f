"""What was asked for.

``job.Job`` holds all that the flags of the main job say.
"""
