"""A model as a C library for the projects that people already have: ``earshot export``.

``library.py`` makes the library, the same for every format; ``formats`` puts it into the folder that an
ecosystem expects.
"""
