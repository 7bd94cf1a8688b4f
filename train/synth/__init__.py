"""Speech made on the spot, where there are no recordings.

``generate.generate`` speaks a whole corpus.
"""
