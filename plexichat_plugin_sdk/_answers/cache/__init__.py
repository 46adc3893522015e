"""A plugin's cache: which commands are taken, and what each does to the value of a key."""

from __future__ import annotations
