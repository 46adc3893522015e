"""The verbs of `manage.py plugin`, one file per group; each group registers its parsers.

A verb is a function of the parsed options and the terminal. It calls services and queries and
raises their `RegistryError`; nothing here knows more than an API could.
"""

from __future__ import annotations
