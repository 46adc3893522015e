"""The one exception of the command line."""

from __future__ import annotations


class Failure(Exception):
    """Something cannot be done; the text says what, and what to do about it."""
