"""The commands of `python -m nasengine`, one a file: `add_parser` and `run`."""
