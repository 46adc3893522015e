"""Who may vouch for releases: publishers' keys added, rotated and revoked by admins."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from plugins_registry.exceptions import PublisherRefused
from plugins_registry.models import Publisher, PublisherKey, Release
from plugins_registry.services.changes import change
from plugins_registry.services.problems import raise_problem
from plugins_registry.signing import BadEnvelope, key_id_of, read_public_key
from plugins_registry.signing.verifying import TrustedKey
from plugins_registry.states import Signature

NAME_CHARACTERS = 100


def trust_publisher(name: str, public_key: str, *, by: Any = None) -> PublisherKey:
    """Trust what this key (32 bytes in base64) signs, in a publisher's name.

    A publisher may have several keys: a new one is added before the old one is revoked. The same
    key again changes nothing; in another's name, or once revoked, it is refused.
    """
    if not name.strip() or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise PublisherRefused(f"a publisher's name has 1 to {NAME_CHARACTERS} visible characters")
    try:
        key = read_public_key(public_key)
    except BadEnvelope as error:
        raise PublisherRefused(f"{error}. It is what plexichat-plugin keygen prints") from error
    raw = base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    with change():
        publisher, _ = Publisher.objects.get_or_create(name=name)
        kept, _ = PublisherKey.objects.get_or_create(
            key_id=key_id_of(key),
            defaults={"publisher": publisher, "public_key": raw, "added_by": by},
        )
        if kept.publisher_id != publisher.pk:
            raise PublisherRefused(f"the key {kept.key_id} is already that of {kept.publisher}")
        if kept.revoked_at is not None:
            raise PublisherRefused(
                f"the key {kept.key_id} was revoked ({kept.revoked_reason}) and cannot be trusted "
                f"again; ask {name} for a new one"
            )
    return kept


def revoke_key(key_id: str, reason: str) -> list[str]:
    """Trust nothing any more that this key has signed; return the plugins that run on it.

    They go on running until an admin decides, each with a problem that says so, unless the
    policy is to run trusted releases only: then they are refused at their next start.
    """
    with change():
        key = PublisherKey.objects.filter(key_id=key_id).first()
        if key is None:
            known = ", ".join(PublisherKey.objects.values_list("key_id", flat=True)) or "none"
            raise PublisherRefused(f"no key {key_id!r} is known; known are: {known}")
        if key.revoked_at is None:
            key.revoked_at = timezone.now()
            key.revoked_reason = reason[:300] or "no reason was given"
            key.save()
        signed = Release.objects.filter(key_id=key_id, signature=Signature.TRUSTED)
        names = sorted(set(signed.values_list("plugin__name", flat=True)))
        signed.update(signature=Signature.REVOKED)
    for name in names:
        raise_problem(
            name,
            "signature",
            f"the key {key_id} of {key.publisher} was revoked ({key.revoked_reason}): nobody "
            "vouches for this release any more. Disable it, or install one that is signed anew",
        )
    return names


def find_key(key_id: str) -> TrustedKey | None:
    """The key of this id that somebody here has ever trusted."""
    row = PublisherKey.objects.select_related("publisher").filter(key_id=key_id).first()
    if row is None:
        return None
    return TrustedKey(
        key_id=row.key_id,
        publisher=row.publisher.name,
        key=read_public_key(row.public_key),
        revoked=row.revoked_reason if row.revoked_at else "",
    )
