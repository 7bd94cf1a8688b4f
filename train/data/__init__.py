"""A corpus to labelled clips and their features.

``job_data.gather(job)`` divides the corpora of a job, which ``job_corpora`` finds and reads. ``folders`` says
where a corpus begins, ``corpus`` reads it, ``speakers`` divides it, ``stand_ins`` makes what it lacks;
``feature_cache`` computes features once.
"""
