"""Processes that move runs: the coordinator and the evaluation slots. See docs/state.md."""
