"""Words in a stream of audio.

``labelled_stream`` makes streams with ground truth, ``reference_listener`` is the board's listener in
Python, ``scoring`` judges detections, ``tune`` chooses thresholds.
"""
