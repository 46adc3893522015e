"""Why a package cannot be read any further."""

from __future__ import annotations


class PackageProblem(Exception):
    """One problem that ends the reading; the text is for the admin."""
