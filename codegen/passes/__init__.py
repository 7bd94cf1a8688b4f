"""What is done to the graph of a model before its operators become C.

``fold.fold_constants`` computes what does not depend on the input; ``ends.int8_core`` leaves out conversions
at the ends, and ``ends.find_ends`` tells what stands there. ``dilation.join_dilated`` puts convolutions
together that the converter took apart, and ``tables.tabulate`` makes tables of what it left in float.
"""
