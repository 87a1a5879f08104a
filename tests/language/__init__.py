"""Check of the project's language; `make lint` runs it as `python -m tests.language`."""
