"""Kernels in C for the CPU, compiled where there is a compiler; everything works without them."""
