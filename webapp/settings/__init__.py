"""Django's settings; everything that differs between machines comes from the environment."""

from .base import *  # noqa: F403
