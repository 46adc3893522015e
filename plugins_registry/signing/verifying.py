"""From a signature file and a package's files to what the signature is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from plugins_registry.signing.envelope import (
    SIGNATURE_FILE,
    BadEnvelope,
    PublicKey,
    read_envelope,
    read_statement,
)
from plugins_registry.states import Signature

#: Files that are named when they differ; the rest is counted.
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class TrustedKey:
    """A key of somebody whom this server knows."""

    key_id: str
    publisher: str
    key: PublicKey
    #: Why nothing that it signed counts any more; empty while it counts.
    revoked: str = ""


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What a package's signature is worth."""

    state: Signature
    #: Who vouches; empty unless trusted or revoked.
    publisher: str = ""
    #: The key that decided, or the first of those that nobody here knows.
    key_id: str = ""
    #: Why it is tampered with, one sentence each.
    problems: tuple[str, ...] = ()


UNSIGNED = Signed(state=Signature.UNSIGNED)


def verify(
    name: str,
    version: str,
    files: Mapping[str, str],
    *,
    signature: bytes | None,
    find_key: Callable[[str], TrustedKey | None],
) -> Signed:
    """Say what a signature is worth for these files (SHA-256 by path, the signature left out).

    A statement that does not fit the files means tampering, whoever signed it: also when nobody
    here knows the key. One trusted signature suffices; a revoked key's is worth less than none.
    """
    if signature is None:
        return UNSIGNED
    try:
        envelope = read_envelope(signature)
        statement = read_statement(envelope.payload)
    except BadEnvelope as error:
        return _tampered(f"{SIGNATURE_FILE}: {error}")
    problems = _differences(statement.files, files)
    if (statement.plugin, statement.version) != (name, version):
        signed = f"{statement.plugin} {statement.version}"
        problems.insert(0, f"the signature was made for {signed}, and this is {name} {version}")
    if problems:
        return Signed(state=Signature.TAMPERED, problems=tuple(problems))
    known = [key for key_id in envelope.signatures if (key := find_key(key_id)) is not None]
    for key in known:
        if not envelope.is_signed_by(key.key, key.key_id):
            return _tampered(f"the signature in the name of {key.publisher!r} is not from its key")
    return _worth(known, sorted(envelope.signatures))


def _worth(known: list[TrustedKey], key_ids: list[str]) -> Signed:
    for key in known:
        if not key.revoked:
            return Signed(state=Signature.TRUSTED, publisher=key.publisher, key_id=key.key_id)
    for key in known:
        reason = f"the key {key.key_id} of {key.publisher!r} was revoked: {key.revoked}"
        return Signed(
            state=Signature.REVOKED,
            publisher=key.publisher,
            key_id=key.key_id,
            problems=(reason,),
        )
    return Signed(state=Signature.UNKNOWN, key_id=key_ids[0])


def _differences(signed: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    missing = sorted(signed.keys() - found.keys())
    added = sorted(found.keys() - signed.keys())
    changed = sorted(path for path in signed.keys() & found.keys() if signed[path] != found[path])
    told = (
        (changed, "differs from what was signed"),
        (added, "was added after it was signed"),
        (missing, "was signed and is missing"),
    )
    return [f"{_named(paths)} {verb}" for paths, verb in told if paths]


def _named(paths: list[str]) -> str:
    named = ", ".join(repr(path) for path in paths[:_NAMED])
    return named if len(paths) <= _NAMED else f"{named} and {len(paths) - _NAMED} more"


def _tampered(problem: str) -> Signed:
    return Signed(state=Signature.TAMPERED, problems=(problem,))
