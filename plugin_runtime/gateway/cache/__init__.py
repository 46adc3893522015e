"""What the gateway answers about a plugin's cache, on Redis or in a file of the plugin's own.

`questions` checks and answers, `redis_store` and `embedded` keep. Both count the same room for the
same contents, refuse with the same words, and give the replies of Redis' wire.
"""

from __future__ import annotations

from .keeper import CacheKeeper
from .questions import QUESTIONS

__all__ = ["QUESTIONS", "CacheKeeper"]
