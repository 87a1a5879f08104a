"""Estimator `train`: stand-alone training of every candidate from scratch."""
