"""A network that scores windows as a .tflite that takes new rows alone, and keeps what it needs of others.

``streaming_file`` is all of it. The weights and the quantization of the network stay as they are, so its
scores are those of a window, to the bit, once a window has come.
"""
