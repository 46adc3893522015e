"""Limits that the supervisor enforces from outside: control groups where it may, watches where not.

`exits` turns what happened into a sentence.
"""
