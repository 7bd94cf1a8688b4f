"""From a list of words to a trained model, and how good it is.

``earshot`` starts in ``train.__main__``.
"""
