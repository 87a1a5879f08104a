"""Strategy `qlognehvi`: Bayesian optimisation by botorch, which runs in a process of its own."""
