"""A .tflite file: what is in it, and what TFLite-Micro makes of it.

``tflm.TflmModel`` is the oracle for scores and for the arena.
"""
