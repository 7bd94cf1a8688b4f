"""model.pb on a Raspberry Pi, real, emulated or estimated, by the challenge's rules.

Start at ``benchmark``.
"""
