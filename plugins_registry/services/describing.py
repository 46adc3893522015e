"""A loaded release says what it offers; the registry says whether it may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from plugins_registry.claims import (
    BadTemplate,
    clashes_with_core,
    find_clashes,
    parse_template,
)
from plugins_registry.exceptions import DescriptionRefused
from plugins_registry.manifest import Manifest
from plugins_registry.manifest.hooks import is_hook_name
from plugins_registry.manifest.names import refuse_permission
from plugins_registry.models import Plugin, Release
from plugins_registry.offers import Description, Mark
from plugins_registry.permissions import create_permissions
from plugins_registry.services.changes import change

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_ON_NONE = frozenset({"allow", "block"})
#: A release offers tens of things; thousands would only slow every caller down.
OFFERS = 500
#: Each becomes a row, while every other change of the registry waits.
PERMISSIONS = 200


def describe(
    release_id: int,
    *,
    hooks: Iterable[Mark],
    endpoints: Iterable[Mark],
    sockets: Iterable[Mark],
) -> None:
    """Check and keep what a release offers, and create its user permissions.

    Raises `DescriptionRefused` with every problem: the plugin must not be called then. Does
    nothing when the release is gone.
    """
    offered = Description.from_marks(hooks=hooks, endpoints=endpoints, sockets=sockets)
    release = Release.objects.select_related("plugin").filter(pk=release_id).first()
    if release is None:
        return
    if release.description == offered.to_json() and not _problems(release, offered):
        return
    with change():
        if problems := _problems(release, offered):
            raise DescriptionRefused(release.plugin.name, problems)
        create_permissions(offered.permissions | set(release.declared.user_permissions))
        Release.objects.filter(pk=release_id).update(description=offered.to_json())


def claims_of_others(name: str) -> dict[str, tuple[str, ...]]:
    """What every other installed plugin claims: by its manifest, else by what it offered."""
    rows = Plugin.objects.exclude(name=name).filter(release__isnull=False)
    claims = {}
    for plugin in rows.select_related("release").order_by("name"):
        assert plugin.release is not None  # filtered above
        declared = plugin.release.declared.endpoints
        offered = Description.from_json(plugin.release.description or {}).paths
        claims[plugin.name] = offered if declared is None else declared
    return claims


def clash_sentences(name: str, paths: Iterable[str]) -> list[str]:
    """One sentence for each path that another installed plugin has claimed, naming both."""
    return [
        f"{clash.path!r} is taken: plugin {clash.owner!r} claims {clash.other!r}; "
        f"choose another path, or uninstall {clash.owner!r}"
        for clash in find_clashes(paths, claims_of_others(name))
    ]


def _problems(release: Release, offered: Description) -> list[str]:
    manifest = release.declared
    count = len(offered.hooks) + len(offered.endpoints) + len(offered.sockets)
    if count > OFFERS:
        return [f"it offers {count} hooks and endpoints; at most {OFFERS} are allowed"]
    if len(offered.permissions) > PERMISSIONS:
        return [f"it names {len(offered.permissions)} permissions; at most {PERMISSIONS} may be"]
    problems = [
        *_hook_problems(manifest, offered),
        *_endpoint_problems(offered),
        *_path_problems(manifest, offered),
    ]
    problems += [why for label in sorted(offered.permissions) if (why := refuse_permission(label))]
    if not problems:
        problems = clash_sentences(release.plugin.name, offered.paths)
    return problems


def _hook_problems(manifest: Manifest, offered: Description) -> list[str]:
    problems = []
    for hook in offered.hooks:
        if not is_hook_name(hook.name) or hook.on_none not in _ON_NONE:
            problems.append(f"{hook.name[:100]!r} is not a hook's name; see the list of hooks")
        elif manifest.hooks and hook.name not in manifest.hooks:
            problems.append(
                f"it handles the hook {hook.name!r}, which its manifest does not list; "
                f"add it to 'hooks:' in plugin.yaml"
            )
    return problems


def _endpoint_problems(offered: Description) -> list[str]:
    problems, seen = [], Counter[tuple[str, str]]()
    for offer in offered.endpoints:
        if unknown := sorted(set(offer.methods) - _METHODS):
            problems.append(f"{offer.path!r} answers the unknown methods {', '.join(unknown)}")
        seen.update((offer.path, method) for method in set(offer.methods))
    twice = [pair for pair, count in seen.items() if count > 1]
    problems += [f"{path!r} answers {method} twice; keep one" for path, method in twice]
    return problems


def _path_problems(manifest: Manifest, offered: Description) -> list[str]:
    claimed = None if manifest.endpoints is None else set(map(parse_template, manifest.endpoints))
    problems = []
    kinds = [("/api/", offer.path) for offer in offered.endpoints]
    kinds += [("/ws/", offer.path) for offer in offered.sockets]
    for prefix, path in dict.fromkeys(kinds):
        if problem := _path_problem(path, prefix, claimed):
            problems.append(problem)
    return problems


def _path_problem(path: str, prefix: str, claimed: set[tuple[str, ...]] | None) -> str | None:
    try:
        segments = parse_template(path)
    except BadTemplate as error:
        return str(error)
    if not path.startswith(prefix):
        return f"{path!r} must begin with {prefix!r} for this kind of endpoint"
    if core := clashes_with_core(path):
        return f"{path!r} would cover the server's own {core!r}; choose another path"
    if claimed is not None and segments not in claimed:
        return f"{path!r} is not claimed by the manifest; add it to 'endpoints:' in plugin.yaml"
    return None
