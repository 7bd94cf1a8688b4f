"""model.keras to an audited int8 model.tflite.

Start at ``stage.quantize``.
"""
