"""What all stages agree on, without TensorFlow.

Start at ``spec`` (labels, front end, model) and ``runfolder`` (names and hashes of what stages hand
over). ``errors.UserError`` is the one error that is shown without a traceback.
"""
