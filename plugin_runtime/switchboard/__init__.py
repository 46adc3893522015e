"""The switchboard: where callers are introduced to plugins.

The supervisor listens on a Unix socket that only its own user can reach. A caller asks for a
line to a plugin and receives a socket whose other end the plugin already holds; from then on the
two talk without anybody in between. Watchers are told when the set of plugins changes.
"""
