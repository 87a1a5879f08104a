"""Paretoscope's engine: neural architecture search, usable alone from Python.

The engine knows no web framework and no task queue. Its parts follow the survey of
Elsken, Metzen and Hutter (1808.05377): `spaces` (what may be built), `strategies`
(what to try next) and `estimators` (how good it is), beside `objectives` (what it
costs), `pareto`, `data` and the loop in `search`.
"""
