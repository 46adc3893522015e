"""The base class of a plugin's tests."""

from __future__ import annotations

import unittest

from plexichat_plugin_sdk import _host

from .context import MockContext


class PluginTestCase(unittest.TestCase):
    """A `unittest.TestCase` after which nothing of a `MockContext` is left.

    `setUp` may do as it likes and need not call `super()`.
    """

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run one test, then close every context that it made."""
        before = _host.current()
        with MockContext.all_closed_after():
            try:
                return super().run(result)
            finally:
                _host.bind(before)
