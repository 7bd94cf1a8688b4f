"""Whether a board computes what Python does.

``dut.make_dut`` is the device under test. ``proof.prove`` compares clips, ``stream_check.listen``
detections.
"""
