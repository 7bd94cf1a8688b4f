"""The 2017 TensorFlow Speech Recognition Challenge.

Files scored by several models, as its CSV; labels for recordings that have none.
"""
