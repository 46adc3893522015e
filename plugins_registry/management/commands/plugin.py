"""`manage.py plugin VERB …`: everything an admin can do with plugins, from a shell."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError

from plugins_registry.commands import (
    belonging,
    calls,
    catalogue,
    configuring,
    delivering,
    installing,
    jobs,
    logs,
    publishing,
    reading,
    reviewing,
    rotating,
    trusting,
    upgrading,
    wishing,
)
from plugins_registry.commands.terminal import Terminal, plain
from plugins_registry.exceptions import RegistryError

#: In the order of the help: look, find and install, change the release, run, decide, look after.
GROUPS = (
    reading,
    logs,
    calls,
    jobs,
    delivering,
    catalogue,
    publishing,
    installing,
    upgrading,
    belonging,
    wishing,
    configuring,
    trusting,
    reviewing,
    rotating,
)


class Command(BaseCommand):
    """Parses, calls the verb, turns a refusal into a failed command."""

    help = "Install, enable, configure and watch plugins; works while the server runs."
    # They would import every view of the project, which takes longer than any verb; the server
    # runs them at its start. A database that cannot be used is said by `handle`.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """One sub-parser for each verb."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        for group in GROUPS:
            group.register(verbs)

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit 0 when the wanted state is reached, 1 with the reason otherwise."""
        try:
            options["run"](Namespace(**options), Terminal(self.stdout))
        except RegistryError as error:
            raise CommandError(plain(str(error))) from error
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(
                f"the database cannot be used: {error}. It is set up when the server starts: "
                f"manage.py run (or manage.py migrate)"
            ) from error
        except KeyboardInterrupt:
            raise CommandError("interrupted", returncode=130) from None
