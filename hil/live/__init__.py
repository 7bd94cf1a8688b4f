"""Audio as it comes: what is heard of it, and what is kept of it."""
