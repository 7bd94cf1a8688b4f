"""What features are made of, beside the settings that ``train.core.spec`` has."""
