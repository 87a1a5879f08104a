"""Cases of `benchmarks/cuda_steps.py`."""
