"""The host's half of docs/PROTOCOL.md.

``session.Session`` sends clips and streams over a line that may lose bytes.
"""
