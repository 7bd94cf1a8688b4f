"""report.html, from the files of a run folder alone.

Start at ``run_report.write_report``.
"""
