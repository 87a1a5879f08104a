"""The pages of one run: thin; load, call one service, answer."""
