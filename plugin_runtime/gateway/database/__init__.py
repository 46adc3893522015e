"""The plugin's own database: SQL over a gateway line.

`questions` answers what the SDK's connection asks, `statements` reads SQL, `store` says what a
database must offer; `sqlite` and `postgresql` offer it. `migrations` brings a plugin's tables to
what its release needs.
"""

from __future__ import annotations

from .questions import QUESTIONS

__all__ = ["QUESTIONS"]
