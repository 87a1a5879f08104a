"""Predictors of device costs: modelled from operators, or learned from few measurements."""
