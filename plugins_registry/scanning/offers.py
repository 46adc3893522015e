"""What the SDK's decorators in a file declare: hooks, paths, permissions, jobs."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from plugins_registry.scanning.names import SDK, Names
from plugins_registry.scanning.reading import Facts

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Kind(StrEnum):
    """What a decorator declares."""

    HOOK = "hook"
    ENDPOINT = "endpoint"
    SOCKET = "socket"
    PERMISSION = "permission"
    JOB = "job"


#: Each decorator wherever the SDK offers it, and what it calls its first argument.
_DECORATORS = {
    "hook": (Kind.HOOK, "name"),
    "hooks.hook": (Kind.HOOK, "name"),
    "endpoint": (Kind.ENDPOINT, "path"),
    "endpoints.endpoint": (Kind.ENDPOINT, "path"),
    "websocket_endpoint": (Kind.SOCKET, "path"),
    "endpoints.websocket_endpoint": (Kind.SOCKET, "path"),
    "require_permission": (Kind.PERMISSION, "permission"),
    "security.require_permission": (Kind.PERMISSION, "permission"),
    "scheduled": (Kind.JOB, "name"),
    "jobs.scheduled": (Kind.JOB, "name"),
}
_PLUGINS = frozenset({f"{SDK}.Plugin", f"{SDK}.plugin.Plugin"})


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One decorator over one function."""

    kind: Kind
    #: The hook, path, permission or job; None when it is computed.
    value: str | None
    #: Of an endpoint.
    methods: tuple[str, ...] = ()
    file: str
    line: int
    #: Whether the plugin certainly offers it when it is loaded.
    is_certain: bool


def offers_of(facts: Facts, plugin_class: str) -> Iterator[Offer]:
    """All offers of one file; those of the plugin's own class are certain."""
    certain = _certain_functions(facts, plugin_class)
    for node in ast.walk(facts.source.tree):
        if isinstance(node, _Function):
            for decorator in node.decorator_list:
                offer = _offer(facts, node, decorator, is_certain=id(node) in certain)
                if offer is not None:
                    yield offer


def plugin_class_of(facts: Facts, wanted: str) -> str:
    """The one class of an entry module that is the plugin; empty when that is not certain."""
    classes = [node for node in facts.source.tree.body if isinstance(node, ast.ClassDef)]
    counts = Counter(node.name for node in classes)
    if wanted:
        return wanted if counts[wanted] == 1 else ""
    plugins: dict[str, ast.ClassDef] = {}
    bases: set[str] = set()
    for node in classes:
        named = _base_names(node, facts.names)
        if _PLUGINS.intersection(named) or plugins.keys() & named:
            plugins[node.name] = node
            bases |= named
    leaves = [name for name in plugins if name not in bases]
    return leaves[0] if len(leaves) == 1 and counts[leaves[0]] == 1 else ""


def _base_names(node: ast.ClassDef, names: Names) -> set[str]:
    own = {base.id for base in node.bases if isinstance(base, ast.Name)}
    return own | {names.meaning(base) for base in node.bases}


def _certain_functions(facts: Facts, plugin_class: str) -> frozenset[int]:
    """The methods that stand plainly in the class, as they are when it is built."""
    for node in facts.source.tree.body:
        if isinstance(node, ast.ClassDef) and node.name == plugin_class:
            if node.decorator_list or node.keywords or facts.names.is_given(node.name):
                return frozenset()
            bound = Counter(name for statement in node.body for name in _bound(statement))
            methods = (each for each in node.body if isinstance(each, _Function))
            return frozenset(
                id(each) for each in methods if bound[each.name] == 1 and _is_plain(each, facts)
            )
    return frozenset()


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of a class gives a value; what stands in a method is its own."""
    if isinstance(statement, _Function):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, _Function | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id


def _is_plain(function: _Function, facts: Facts) -> bool:
    """Whether only the SDK decorates it: another decorator may give back something else."""
    return all(
        isinstance(each, ast.Call)
        and _declares(each, facts.names)
        and not facts.names.is_given_anew(each.func)
        for each in function.decorator_list
    )


def _declares(decorator: ast.Call, names: Names) -> tuple[Kind, str] | None:
    """What a decorator of the SDK declares, and what its first argument is called."""
    package, _, name = names.meaning(decorator.func).partition(".")
    return _DECORATORS.get(name) if package == SDK else None


def _offer(
    facts: Facts, function: _Function, decorator: ast.expr, *, is_certain: bool
) -> Offer | None:
    if not isinstance(decorator, ast.Call):
        return None
    found = _declares(decorator, facts.names)
    if found is None:
        return None
    kind, first = found
    value = _argument(decorator, first, position=None if kind is Kind.JOB else 0)
    text = facts.names.text(value)
    if kind is Kind.JOB and value is None:
        text = function.name
    methods = _methods(decorator, facts.names) if kind is Kind.ENDPOINT else ()
    return Offer(
        kind=kind,
        value=text,
        methods=methods,
        file=facts.source.path,
        line=decorator.lineno,
        is_certain=is_certain,
    )


def _argument(call: ast.Call, name: str, *, position: int | None) -> ast.expr | None:
    if position is not None and len(call.args) > position:
        return call.args[position]
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return named[0] if named else None


def _methods(call: ast.Call, names: Names) -> tuple[str, ...]:
    """What it answers; `?` when that is computed."""
    given = _argument(call, "methods", position=1)
    if given is None:
        return ("GET",)
    listed = given.elts if isinstance(given, ast.List | ast.Tuple | ast.Set) else [given]
    return tuple((names.text(each) or "?").upper() for each in listed)
