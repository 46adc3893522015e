"""The network for plugins: connections are made here and handed into the sandbox, connected.

`answering` has the questions; `destinations` decides whether a plugin may go where it asks;
`resolving` finds addresses, of which `plugins_registry.addresses` refuses those that are not the
internet's; `dialling` connects; `connections` keeps a duplicate of each connection, counts its
bytes and cuts it when its plugin may no longer have it; `allowances` are the limits of one plugin.
"""

from __future__ import annotations

from .answering import QUESTIONS

__all__ = ["QUESTIONS"]
