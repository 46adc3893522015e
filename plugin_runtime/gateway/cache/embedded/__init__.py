"""A plugin's cache without Redis: one SQLite file, which every process of this machine sees.

`store` opens it and carries out commands in transactions, `entries` reads and writes keys in one,
and the other modules are the commands, each a short function on the value of a key.
"""
