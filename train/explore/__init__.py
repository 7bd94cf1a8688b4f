"""What is in a corpus, and what is wrong with it.

``corpus_stats`` measures, ``page`` shows.
"""
