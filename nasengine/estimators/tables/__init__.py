"""Estimator `table`: lookups of measurements in benchmark tables."""
