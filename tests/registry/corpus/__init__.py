"""Packages and manifests that must be refused, each with its twin that is taken; built by code."""

from __future__ import annotations
