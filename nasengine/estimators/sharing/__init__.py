"""Training of networks that share their weights among all architectures of a space."""
