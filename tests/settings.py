"""The product's settings, on a home folder that is thrown away and with quick passwords.

A module of its own, because pytest-django reads settings before any conftest is loaded.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from tests.workers import own_redis

_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
# A server or command that a test starts inherits the home of that test's process; everybody
# else gets a new one: never the developer's own, nor another test process's.
if os.environ.get("PLEXICHAT_TESTS_WORKER") != _worker:
    # Short, since a socket's path may not exceed 107 bytes; passable, as the product's home is.
    _home = tempfile.mkdtemp(prefix=f"plexichat-{_worker}-")
    os.chmod(_home, 0o711)
    atexit.register(shutil.rmtree, _home, ignore_errors=True)
    os.environ["PLEXICHAT_HOME"] = _home
    if os.environ.get("PLEXICHAT_REDIS_URL"):
        os.environ["PLEXICHAT_REDIS_URL"] = own_redis(os.environ["PLEXICHAT_REDIS_URL"])
    os.environ["PLEXICHAT_TESTS_WORKER"] = _worker
os.environ.setdefault("PLEXICHAT_SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("PLEXICHAT_ENCRYPTION_KEYS", "only-for-tests-only-for-tests-only-for-test")

from plexichat.settings import *  # noqa: E402, F403 - after the environment they read

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# It writes from a thread of its own, which most tests leave no database to.
PLEXICHAT_CALL_LOG = False
