"""Data sets: labelled images and texts."""
