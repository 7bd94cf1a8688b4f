"""The trained model as a frozen graph of TensorFlow 1.4 ops, model.pb.

Start at ``freeze.freeze``.
"""
