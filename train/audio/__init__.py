"""Samples to features.

``frontend.compute_features`` is the definition that the C and the GraphDef are judged by; ``recording``
reads what people record, ``wav`` what the device knows.
"""
