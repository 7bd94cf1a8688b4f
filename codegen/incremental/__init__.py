"""Inference that computes only what is new: windows overlap, and equal rows have equal bits.

``rows`` says what a row of a tensor is computed from, ``schedule`` which rows are kept from window to window,
``program`` which operators compute the others. ``codegen.engine`` makes C of them.
"""
