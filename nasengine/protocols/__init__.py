"""Protocols of final trainings, each as its paper states it."""
