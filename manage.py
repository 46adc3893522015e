#!/usr/bin/env python3
"""The project's one command: sets itself up on first use, then hands over to Django.

This file stays readable to every old Python, so that the refusal below reaches its reader.
"""

import os
import sys

OLDEST_PYTHON = (3, 11)


def main():  # noqa: ANN201 - an annotation would be too new for the Pythons refused here
    """Run one verb; refuse an old Python in a sentence instead of a traceback."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            "PlexiChat needs Python %d.%d or newer, and this is %d.%d. "  # noqa: UP031
            "Run it as: python3.11 manage.py %s"
            % (OLDEST_PYTHON + sys.version_info[:2] + (" ".join(sys.argv[1:]) or "run",))
        )
    from plexichat import bootstrap  # only now: it is written for the Python just checked

    bootstrap.ensure(sys.argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plexichat.settings")
    from django.core.exceptions import ImproperlyConfigured  # Django is there since ensure()
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        if "--traceback" in sys.argv:
            raise
        sys.exit("manage.py %s: %s" % (" ".join(sys.argv[1:2]), problem))  # noqa: UP031


if __name__ == "__main__":
    main()
