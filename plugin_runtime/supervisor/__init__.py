"""The supervisor: reads what is wanted, makes it true, writes what it observes.

One per node, one event loop, off the path of every call. It owns the zygote, the sandboxes and
the switchboard.
"""
