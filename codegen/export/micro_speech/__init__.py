"""What the example micro_speech, upstream and in its ports, is built with: model, front end, names."""
