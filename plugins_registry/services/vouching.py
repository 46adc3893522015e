"""What a release's origin means for it: may it be installed, may it still run?"""

from __future__ import annotations

from plugins_registry.conf import conf
from plugins_registry.exceptions import PackageRefused, UnsignedRefused
from plugins_registry.manifest import Manifest
from plugins_registry.models import Release
from plugins_registry.package import store
from plugins_registry.package.inspecting import Inspection
from plugins_registry.queries.blocks import block_sentences
from plugins_registry.services.preparing import environment_reasons
from plugins_registry.services.publishers import find_key
from plugins_registry.signing import SIGNATURE_FILE, Signed, verify
from plugins_registry.states import Signature

#: Install policies: what is not signed by somebody trusted needs a word, or is refused.
ASK, TRUSTED_ONLY = "ask", "trusted"


def signed(inspection: Inspection, manifest: Manifest) -> Signed:
    """What a package's signature is worth here and now."""
    files = {file.path: file.sha256 for file in inspection.files}
    path = inspection.root / SIGNATURE_FILE
    signature = path.read_bytes() if files.pop(SIGNATURE_FILE, None) else None
    return verify(manifest.name, manifest.version, files, signature=signature, find_key=find_key)


def require_origin(
    source: str, manifest: Manifest, origin: Signed, *, allow_unsigned: bool
) -> None:
    """Refuse what is tampered with or revoked, and what the policy does not let in."""
    if origin.state in (Signature.TAMPERED, Signature.REVOKED):
        raise PackageRefused(source, origin.problems)
    if origin.state == Signature.TRUSTED:
        return
    if conf.INSTALL_POLICY == TRUSTED_ONLY:
        whose = "an unknown key" if origin.state == Signature.UNKNOWN else "nobody"
        raise PackageRefused(
            source,
            [
                f"it is signed by {whose}, and this server takes trusted publishers only "
                f"(PLEXICHAT_INSTALL_POLICY). Trust its publisher's key first: manage.py plugin "
                f"publisher add NAME KEY"
            ],
        )
    if not allow_unsigned:
        raise UnsignedRefused(manifest.name, key_id=origin.key_id)


def reasons_not_to_run(release_id: int) -> list[str]:
    """Why an installed release may not be started.

    Its files or its environment changed, its key was revoked, or a catalogue blocks it. Reads
    every file of the release. Empty when it may run, and when it is gone.
    """
    release = Release.objects.select_related("plugin").filter(pk=release_id).first()
    if release is None:
        return []
    found = store.digest_of(release.path)
    if found != release.digest:
        Release.objects.filter(pk=release_id).update(signature=Signature.TAMPERED)
        return [
            "its files are not those that were installed; somebody changed them. Uninstall it and "
            "install it from a source you trust"
        ]
    if reasons := environment_reasons(release):
        return reasons
    if release.signature == Signature.REVOKED and conf.INSTALL_POLICY == TRUSTED_ONLY:
        return [f"the key {release.key_id} that signed it was revoked; install a newer release"]
    return block_sentences(release.plugin.name, release.version, release.digest)
