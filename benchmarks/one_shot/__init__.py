"""The slow, obvious form of the shared networks, and what the benchmarks of sharing share."""
