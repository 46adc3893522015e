"""A plugin's SQL: what of it may be run, and what SQLite makes of its values."""

from __future__ import annotations
