"""Events: told to plugins after the fact, at least once, whatever dies in between.

`recorder` writes them into the outbox in the transaction of the fact, `bell` wakes a worker after
the commit, `drain` tells them to one plugin in order and in batches. The outbox is the memory:
a lost bell, task, worker or broker delays an event until the next sweep and never loses it.
"""
