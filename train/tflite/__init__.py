"""A .tflite file: what is in it, and what TFLite-Micro makes of it.

``graph.read_graph`` gives its tensors and operators; ``tflm.TflmModel`` is the oracle for scores and for
the arena. ``schema.ENGINE_OPS`` lists the operators that are run here.
"""
