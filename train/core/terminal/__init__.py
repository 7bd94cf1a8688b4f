"""What a terminal asks of a program: progress on one line, and an answer to Ctrl-C.

``console`` uses both, and is where commands find the rest.
"""
