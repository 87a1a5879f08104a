"""Proxies: cheap estimates of how good a network will be, without training it."""
