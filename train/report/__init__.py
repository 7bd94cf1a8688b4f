"""report.html, from the files of a run folder alone, and several runs side by side.

Start at ``run_report.write_report``, or at ``compare.compare``.
"""
