"""Samples to features.

``frontend.compute_features`` is the definition that the C and the GraphDef are judged by; ``wav`` reads
and writes recordings.
"""
