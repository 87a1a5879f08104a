"""Training candidates from scratch."""
