"""Sandboxes: how a plugin's process is locked in, started, and kept within its limits.

`confine` is what a child does to itself, `zygote` is the process that forks the children, `limits`
is what the supervisor enforces from outside, `probe` finds out what of all this holds on this
machine, `layers` names it.
"""
