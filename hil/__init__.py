"""A trained model on a board, an emulator or a Raspberry Pi, and the proof that it computes the same.

``python -m hil`` starts in ``hil.__main__``.
"""
