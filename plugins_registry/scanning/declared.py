"""What the code offers, held against the hooks, paths and permissions of the manifest. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plugins_registry.claims import BadTemplate, clashes_with_core, parse_template
from plugins_registry.manifest import Manifest, hooks
from plugins_registry.manifest.names import refuse_permission
from plugins_registry.scanning.findings import MANIFEST_FILE, Code, Finding, Severity
from plugins_registry.scanning.offers import Kind, Offer

_PATHS = {Kind.ENDPOINT: "/api/", Kind.SOCKET: "/ws/"}


def offer_findings(offers: Iterable[Offer], manifest: Manifest) -> Iterator[Finding]:
    """What does not fit, in both directions."""
    offers = list(offers)
    for offer in offers:
        if offer.value is None:
            yield _computed(offer)
        elif offer.kind is Kind.HOOK:
            yield from _hook(offer, offer.value, manifest)
        elif offer.kind in _PATHS:
            yield from _path(offer, offer.value, manifest)
        elif offer.kind is Kind.PERMISSION and (why := refuse_permission(offer.value)):
            yield _misfit(offer, Code.PERMISSION, why)
    yield from _unhandled(offers, manifest)
    yield from _unanswered(offers, manifest)


def _hook(offer: Offer, value: str, manifest: Manifest) -> Iterator[Finding]:
    name = hooks.resolve(value.strip())
    if not hooks.is_hook_name(name):
        yield _misfit(offer, Code.HOOK, f"{value[:100]!r} is not a hook's name")
    elif manifest.hooks and name not in manifest.hooks:
        yield _misfit(
            offer,
            Code.HOOK,
            f"it handles the hook {name!r}, which the manifest does not list; add it to 'hooks:'",
        )
    elif meant := hooks.probably_meant(name):
        message = f"{name!r} is not a core hook; did you mean {meant!r}?"
        yield _at(offer, Severity.DOUBT, Code.HOOK, message)


def _path(offer: Offer, value: str, manifest: Manifest) -> Iterator[Finding]:
    if problem := _path_problem(value, _PATHS[offer.kind], manifest):
        yield _misfit(offer, Code.PATH, problem)


def _path_problem(path: str, prefix: str, manifest: Manifest) -> str:
    try:
        segments = parse_template(path)
    except BadTemplate as error:
        return str(error)
    if not path.startswith(prefix):
        return f"{path!r} must begin with {prefix!r} for this kind of endpoint"
    if core := clashes_with_core(path):
        return f"{path!r} would cover the server's own {core!r}; choose another path"
    if manifest.endpoints is not None and segments not in map(parse_template, manifest.endpoints):
        return f"it answers {path!r}, which the manifest does not claim; add it to 'endpoints:'"
    return ""


def _unhandled(offers: list[Offer], manifest: Manifest) -> Iterator[Finding]:
    mine = [offer.value for offer in offers if offer.kind is Kind.HOOK]
    if None in mine:
        return  # it may be the computed one
    handled = {hooks.resolve(value.strip()) for value in mine if value}
    for name in manifest.hooks:
        if name not in handled:
            message = f"the hook {name!r} is listed, and nothing in the code seems to handle it"
            yield _in_manifest(Code.HOOK, message)


def _unanswered(offers: list[Offer], manifest: Manifest) -> Iterator[Finding]:
    mine = [offer.value for offer in offers if offer.kind in _PATHS]
    if None in mine:
        return
    answered = set()
    for value in filter(None, mine):
        try:
            answered.add(parse_template(value))
        except BadTemplate:
            continue  # told where it stands
    for path in manifest.endpoints or ():
        if parse_template(path) not in answered:
            message = f"the path {path!r} is claimed, and nothing in the code seems to answer it"
            yield _in_manifest(Code.PATH, message)


def _computed(offer: Offer) -> Finding:
    message = f"what this {offer.kind} is called is computed; it is known when the plugin is loaded"
    return _at(offer, Severity.NOTE, Code.COMPUTED, message)


def _misfit(offer: Offer, code: Code, message: str) -> Finding:
    severity = Severity.CONTRADICTION if offer.is_certain else Severity.DOUBT
    return _at(offer, severity, code, message)


def _at(offer: Offer, severity: Severity, code: Code, message: str) -> Finding:
    return Finding(severity=severity, code=code, message=message, file=offer.file, line=offer.line)


def _in_manifest(code: Code, message: str) -> Finding:
    return Finding(severity=Severity.DOUBT, code=code, message=message, file=MANIFEST_FILE)
