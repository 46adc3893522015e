"""The cache as an author uses it: redis-py's names on questions to the host.

`commands` is the one table of what is offered; both sides of the wire read it.
"""
