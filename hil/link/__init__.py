"""A line to firmware.

``link.Link`` is what a conversation needs; a serial port, a socket and a process on this computer keep
it.
"""
