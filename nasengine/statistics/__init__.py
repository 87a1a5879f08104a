"""Statistics of searches over seeds: tests, verdicts in words, tests while seeds arrive."""
