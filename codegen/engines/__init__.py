"""A model for whatever runs it: the compiled engine, TFLite-Micro, or both.

``both.load_engines`` makes the sources of both, with the reason where one is missing; ``header`` writes
engine.h, the same for both.
"""
