"""The gateway answers what plugins ask of their host.

Each line was handed to exactly one plugin, so who asks is known before the first byte. Nothing
that a plugin sends is ever taken for its identity. `Gateway` serves on threads of this process,
`GatewayProcess` on those of a process of its own.
"""

from __future__ import annotations

from .lines import Gateway
from .process import GatewayProcess

__all__ = ["Gateway", "GatewayProcess"]
