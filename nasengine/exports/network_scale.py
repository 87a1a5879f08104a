"""The scale of pixels that exported networks read."""

MAX_PIXEL = 255.0
