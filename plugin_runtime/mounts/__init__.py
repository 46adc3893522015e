"""Mounts: where users reach plugins. One DRF view and one Channels consumer serve them all.

The host decides here who may call what (login, permission, rate, size) before a plugin hears of
it, shows the plugin only what it may see of a request, and lets out only what is safe to answer.
"""
