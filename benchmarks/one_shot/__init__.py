"""Plain supernets as a reference, and the benchmark of DARTS' collapse."""
