"""Each value of a manifest, checked where it stands: returned, or a `ValueError` for its author."""

from __future__ import annotations

import platform
import re

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from plugins_registry import capabilities
from plugins_registry.claims import BadTemplate, clashes_with_core, parse_template
from plugins_registry.manifest import hooks, names

#: The version of the plugin API that this server speaks: what `dependencies.core` is held against.
CORE_VERSION = "2.0.0"
_HOMEPAGE = re.compile(r"https?://[^\s\"'<>]{1,300}")
#: Packages that are part of the server; somebody else's of the same name is not what is meant.
_OURS = frozenset({"plexichat", "plexichat-plugin-sdk"})


def check_name(name: str) -> str:
    """A plugin's name."""
    if refusal := names.refuse_plugin_name(name):
        raise ValueError(refusal)
    return name


def check_version(version: str) -> str:
    """A version by PEP 440."""
    try:
        Version(version)
    except InvalidVersion as error:
        raise ValueError(f"{version!r} is not a version; write it like '1.4.0'") from error
    if len(version) > 64 or version != version.strip():
        raise ValueError(f"{version!r} is not a plain version; write it like '1.4.0'")
    return version


def check_entry_point(text: str) -> str:
    """`module:Class`, or nothing."""
    if text and not names.is_entry_point(text):
        raise ValueError(f"{text!r} is not an entry point; write it like 'module:Class'")
    return text


def check_homepage(text: str) -> str:
    """A web address, or nothing."""
    if text and not _HOMEPAGE.fullmatch(text):
        raise ValueError(f"{text!r} is not a web address; begin it with https://")
    return text


def _check_specifier(text: str) -> str:
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError(f"{text!r} is not a version range; write it like '>=2.0.0'") from error
    return text


def check_core(text: str) -> str:
    """A version range that this server is in."""
    return _check_range(text, "this server", CORE_VERSION)


def check_python(text: str) -> str:
    """A version range that this server's Python is in."""
    return _check_range(text, "this server's Python", platform.python_version())


def _check_range(text: str, what: str, version: str) -> str:
    # Without prereleases=False a range would also welcome the next version's betas.
    if not SpecifierSet(_check_specifier(text)).contains(version, prereleases=False):
        raise ValueError(
            f"{what} is {version}, the plugin needs {text!r}; use a release made for it"
        )
    return text


def check_package(text: str) -> str:
    """A Python package: name, extras, version range and marker, and nothing that an installer
    could take for an option, a path or an address."""
    requirement = _requirement(text, "numpy>=1.21")
    if requirement.url:
        raise ValueError(f"{text!r} names an address; name a package and a version range")
    if any(part.operator == "===" for part in requirement.specifier):
        raise ValueError(f"{text!r} compares versions as text; write '==' instead of '==='")
    if canonicalize_name(requirement.name) in _OURS:
        raise ValueError(
            f"{text!r} is what the server itself brings; leave it out, and say in "
            f"dependencies.core which server is needed"
        )
    return text


def check_dependency(text: str) -> str:
    """Another plugin: its name and a version range."""
    requirement = _requirement(text, "word_filter>=1.0")
    if requirement.url or requirement.extras or requirement.marker:
        raise ValueError(f"{text!r} is more than a plugin's name and a version range; shorten it")
    if refusal := names.refuse_plugin_name(requirement.name):
        raise ValueError(refusal)
    return text


def _requirement(text: str, example: str) -> Requirement:
    # A line end inside a marker's text would begin a line of its own in an installer's file.
    if not text.isprintable():
        raise ValueError(f"{text!r} has a character that is not seen; write it like {example!r}")
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise ValueError(f"{text!r} is not a requirement; write it like {example!r}") from error


def check_capability(name: str) -> str:
    """A capability or a label, one that may be asked for."""
    if not names.is_capability(name):
        raise ValueError(
            f"{name!r} is not a capability; write it like 'user_data_read' or "
            f"'network:api.example.com'"
        )
    if refusal := capabilities.refuse(name):
        raise ValueError(refusal)
    return name


def check_permission(label: str) -> str:
    """A user permission that plugins may have."""
    if refusal := names.refuse_permission(label):
        raise ValueError(refusal)
    return label


def check_hook(name: str) -> str:
    """A hook's name, its alias resolved."""
    if not hooks.is_hook_name(name):
        raise ValueError(f"{name!r} is not a hook's name; write it like 'message_sent'")
    return hooks.resolve(name)


def check_endpoint(path: str) -> str:
    """A path template that keeps clear of the server's own paths."""
    try:
        parse_template(path)
    except BadTemplate as error:
        raise ValueError(str(error)) from error
    if core := clashes_with_core(path):
        raise ValueError(f"{path!r} would cover the server's own {core!r}; choose another path")
    return path
