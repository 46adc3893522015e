"""What `run` sees to before it serves: tables, a first admin, the bundled plugins."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from plexichat.serving import home
from plugins_registry import services

logger = logging.getLogger(__name__)

ADMIN_NAME = "admin"


def prepare_database() -> bool:
    """Bring all tables up to date; return whether anything had to be done."""
    if connection.vendor == "sqlite":
        home.make_private(Path(connection.settings_dict["NAME"]))
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def create_first_admin(password: str) -> str | None:
    """Create `admin` when no admin exists yet; return the password to show, if one was made up.

    An empty `password` asks for a generated one. An existing admin is never touched.
    """
    users = get_user_model()._default_manager
    if users.filter(is_superuser=True).exists():
        return None
    chosen = password or secrets.token_urlsafe(12)
    users.create_superuser(username=ADMIN_NAME, email="", password=chosen)
    return None if password else chosen


def install_bundled_plugins() -> None:
    """Install the plugins of the `plugins/` folder that this host has not seen yet."""
    services.install_bundled(settings.BASE_DIR / "plugins")
