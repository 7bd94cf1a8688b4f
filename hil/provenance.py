"""What a result is worth: the label that stands on every figure."""

HOST = "host"  # computed on this computer
EMULATED = "emulated"  # in an emulator: exact in bits and instructions, silent about time
MEASURED = "measured"  # on the device itself
ESTIMATED = "estimated"  # from a model of the device
