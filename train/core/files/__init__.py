"""Files that anybody may have made: opened, measured and unpacked with limits, before memory is taken.

``plain`` opens them, ``arrays`` reads NumPy's, ``zips`` those that are zip archives;
``train.core.typed_json`` reads JSON. What is wrong with a file is an OSError that says it, or a ValueError.
"""
