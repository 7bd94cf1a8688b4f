"""What the microphone of an emulated board hears."""
