"""The parts of `benchmarks/gpu.py`, one per module: each is a process that prints its rows as it measures them."""
