"""Plugins alive: sandboxes, conversations, hooks, mounts, and the gateway they ask."""
