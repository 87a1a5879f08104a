"""Evaluation by looking up what somebody measured before."""
