"""The JSON files that a run leaves behind: one dataclass a file, each with a version.

Start at ``result_file.ResultFile``, what they share. ``training``: metrics.json, history.json, the lists of
clips, and what ``earshot evaluate --json`` writes. ``boards``: all in RUN/hil. ``pi``: all in RUN/pi.
operating_points.json has its own module, ``train.core.operating_point``, as the firmware decides by it.
"""
