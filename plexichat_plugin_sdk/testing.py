"""Trying a plugin out without a server; not available yet.

A test class may derive from `PluginTestCase` already; building it, which every runner does
first, says that it cannot be run.
"""

from __future__ import annotations

import unittest
from typing import Any

from ._later import not_available


class PluginTestCase(unittest.TestCase):
    """The base class for a plugin's tests; building one raises `NotAvailable`."""

    def __init__(self, methodName: str = "runTest") -> None:  # noqa: N803, RUF100 -- Python's
        raise not_available("PluginTestCase")


class MockContext:
    """A plugin context that records; building one raises `NotAvailable`."""

    def __init__(self, **parts: Any) -> None:
        raise not_available("MockContext")
