"""What a model takes of a core: programs of firmware/app/bench.c, run where instructions are counted."""
