"""Runtimes that open exported models; each module imports only numpy and its runtime.

A module is used twice: here to compare and time a model, and in the archive as `runtime.py`, so
that `verify.py` runs what was checked. It has `open_model(path, threads)`, which returns a
function from named input arrays to named output arrays, and `version()`.
"""
