"""A corpus to labelled clips and their features.

``job_data.gather(job)`` finds, reads and divides the corpora of a job. ``corpus`` reads one folder;
``feature_cache`` computes features once.
"""
