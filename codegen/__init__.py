"""model.tflite to C.

``emit.generate`` writes the folder c of a run; ``engine.build_engine`` makes the compiled engine.
"""
