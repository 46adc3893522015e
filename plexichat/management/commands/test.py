"""`manage.py test`: the whole suite with pytest, also on real PostgreSQL and Redis."""

from __future__ import annotations

import os
import sys

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Hands over to the suite's own runner; everything after `test` is pytest's."""

    help = "Run the tests; arguments go to pytest: manage.py test tests/chat -k login"
    requires_system_checks = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Become the test runner: tests must not start in a process that has settings already."""
        os.chdir(settings.BASE_DIR)
        os.execv(sys.executable, [sys.executable, "-m", "tests.servers", *argv[2:]])
