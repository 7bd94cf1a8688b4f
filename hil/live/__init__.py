"""Listening as it happens, on this computer: the generated C on a stream, in a terminal or in a browser's page."""
