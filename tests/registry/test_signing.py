"""Signatures: who vouches, for what exactly, and what follows from it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from plugins_registry import services
from plugins_registry.exceptions import PackageRefused, PublisherRefused, UnsignedRefused
from plugins_registry.models import Plugin, Problem, Release
from plugins_registry.signing import SIGNATURE_FILE
from tests.registry.conftest import Install, Write
from tests.registry.signer import Signer, resigned_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def trusted(signer: Signer) -> Signer:
    services.trust_publisher("Ada & Co", signer.public)
    return signer


def release() -> Release:
    return Release.objects.get()


def test_a_trusted_publishers_package_needs_no_further_word(
    home: Path, write: Write, trusted: Signer
) -> None:
    services.install(trusted.sign(write("demo")))
    assert (release().signature, release().publisher) == ("trusted", "Ada & Co")
    assert release().key_id == trusted.key_id


def test_an_unknown_key_is_named_and_needs_the_admins_word(
    home: Path, write: Write, signer: Signer
) -> None:
    source = signer.sign(write("demo"))
    with pytest.raises(UnsignedRefused, match=f"signed with the key {signer.key_id}, which nobody"):
        services.install(source)
    services.install(source, allow_unsigned=True)
    assert (release().signature, release().publisher) == ("unknown", "")


def test_what_the_policy_refuses_no_word_lets_in(
    home: Path, write: Write, signer: Signer, settings: Settings
) -> None:
    settings.PLEXICHAT_INSTALL_POLICY = "trusted"
    unsigned = write("other")
    source = signer.sign(write("demo"))
    for refused, whose in ((unsigned, "nobody"), (source, "an unknown key")):
        with pytest.raises(PackageRefused, match=f"signed by {whose}, and this server takes"):
            services.install(refused, allow_unsigned=True)
    services.trust_publisher("Ada", signer.public)
    services.install(source)
    assert release().signature == "trusted"


def changed(folder: Path) -> None:
    (folder / "plugin.py").write_text("x = 1")


def added(folder: Path) -> None:
    (folder / "more.py").write_text("x = 1")


def removed(folder: Path) -> None:
    (folder / "README.md").unlink()


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (changed, "'plugin.py' differs from what was signed"),
        (added, "'more.py' was added after it was signed"),
        (removed, "'README.md' was signed and is missing"),
    ],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_files_that_are_not_those_that_were_signed_are_refused(
    tamper: Callable[[Path], None],
    sentence: str,
    is_known: bool,
    home: Path,
    write: Write,
    signer: Signer,
) -> None:
    if is_known:
        services.trust_publisher("Ada", signer.public)
    source = signer.sign(write("demo", files={"README.md": "read me"}))
    tamper(source)
    with pytest.raises(PackageRefused, match=sentence):
        services.install(source, allow_unsigned=True)
    assert not Plugin.objects.exists()


def test_a_signature_for_another_release_is_refused(
    home: Path, write: Write, trusted: Signer
) -> None:
    source = trusted.sign(write("demo"), version="2.0.0")
    with pytest.raises(
        PackageRefused, match=r"was made for demo 2\.0\.0, and this is demo 1\.0\.0"
    ):
        services.install(source, allow_unsigned=True)


def test_a_forged_signature_in_a_trusted_name_is_refused(
    home: Path, write: Write, trusted: Signer
) -> None:
    source = Signer().sign(write("demo"))
    resigned_by(source, trusted.key_id)
    with pytest.raises(PackageRefused, match="in the name of 'Ada & Co' is not from its key"):
        services.install(source, allow_unsigned=True)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda envelope: "no json", "is not JSON"),
        (lambda envelope: json.dumps([]), "is not a JSON object"),
        (lambda envelope: json.dumps({**envelope, "payloadType": "text"}), "payloadType is not"),
        (lambda envelope: json.dumps({**envelope, "signatures": []}), "between 1 and 10"),
        (lambda envelope: json.dumps({**envelope, "payload": "é"}), "'payload' is not base64"),
        (lambda envelope: json.dumps({**envelope, "payload": "W10="}), "payload is not a JSON obj"),
        (lambda envelope: '{"payload": "", "payload": ""}', "names something twice"),
        (lambda envelope: "[" * 100_000, "is not JSON"),
        (lambda envelope: " " * (1024 * 1024 + 1), "larger than"),
    ],
)
def test_a_signature_file_that_cannot_be_read_is_refused(
    spoil: Callable[[dict[str, Any]], str],
    sentence: str,
    home: Path,
    write: Write,
    trusted: Signer,
) -> None:
    source = trusted.sign(write("demo"))
    path = source / SIGNATURE_FILE
    path.write_text(spoil(json.loads(path.read_text())))
    with pytest.raises(PackageRefused, match=sentence):
        services.install(source, allow_unsigned=True)


def test_a_text_signed_for_another_purpose_does_not_pass(
    home: Path, write: Write, trusted: Signer
) -> None:
    source = trusted.sign(write("demo"))
    path = source / SIGNATURE_FILE
    envelope = json.loads(path.read_text())

    payload = base64.b64decode(envelope["payload"])
    envelope["signatures"][0]["sig"] = base64.b64encode(trusted.private.sign(payload)).decode()
    path.write_text(json.dumps(envelope))
    with pytest.raises(PackageRefused, match="is not from its key"):
        services.install(source)


def test_a_revoked_key_vouches_for_nothing(home: Path, write: Write, trusted: Signer) -> None:
    source = trusted.sign(write("demo"))
    services.install(source)
    assert services.revoke_key(trusted.key_id, "it was stolen") == ["demo"]
    assert release().signature == "revoked"
    assert "it was stolen" in Problem.objects.get(key="signature").message
    services.uninstall("demo", purge=True)
    with pytest.raises(PackageRefused, match="was revoked: it was stolen"):
        services.install(source, allow_unsigned=True)
    with pytest.raises(PublisherRefused, match="cannot be trusted again"):
        services.trust_publisher("Ada & Co", trusted.public)


def test_keys_rotate_without_a_gap(home: Path, write: Write, trusted: Signer) -> None:
    newer = Signer()
    services.trust_publisher("Ada & Co", newer.public)
    services.revoke_key(trusted.key_id, "rotated")
    services.install(newer.sign(write("demo")))
    assert release().publisher == "Ada & Co"


def test_a_key_belongs_to_one_publisher(trusted: Signer) -> None:
    assert services.trust_publisher("Ada & Co", trusted.public).key_id == trusted.key_id
    with pytest.raises(PublisherRefused, match="is already that of Ada & Co"):
        services.trust_publisher("Mallory", trusted.public)
    with pytest.raises(PublisherRefused, match="not an Ed25519 public key"):
        services.trust_publisher("Ada", "AAAA")
    with pytest.raises(PublisherRefused, match="visible characters"):
        services.trust_publisher("\u202eada\n", trusted.public)


def test_what_was_installed_is_looked_at_again(install: Install) -> None:
    plugin = install("demo")
    assert plugin.release is not None
    assert services.reasons_not_to_run(plugin.release.pk) == []
    (plugin.release.root / "plugin.py").write_text("import evil")
    assert "not those that were installed" in services.reasons_not_to_run(plugin.release.pk)[0]
    assert release().signature == "tampered"


def test_a_link_among_the_files_is_no_release(install: Install, tmp_path: Path) -> None:
    plugin = install("demo")
    assert plugin.release is not None
    path = plugin.release.root / "plugin.py"
    path.rename(tmp_path / "moved.py")
    path.symlink_to(tmp_path / "moved.py")
    assert services.reasons_not_to_run(plugin.release.pk)


def test_a_revoked_release_starts_unless_only_trusted_ones_may(
    home: Path, write: Write, trusted: Signer, settings: Settings
) -> None:
    services.install(trusted.sign(write("demo")))
    services.revoke_key(trusted.key_id, "stolen")
    assert services.reasons_not_to_run(release().pk) == []
    settings.PLEXICHAT_INSTALL_POLICY = "trusted"
    assert "was revoked" in services.reasons_not_to_run(release().pk)[0]


def test_publishers_by_command(signer: Signer) -> None:
    def run(*words: str) -> str:
        out = StringIO()
        call_command("plugin", "publisher", *words, stdout=out)
        return out.getvalue()

    assert "nobody is trusted yet" in run("list")
    assert signer.key_id in run("add", "Ada", signer.public)
    assert json.loads(run("list", "--json"))[0]["publisher"] == "Ada"
    assert "is revoked" in run("revoke", signer.key_id, "--reason", "stolen")
    assert "revoked: stolen" in run("list")
    with pytest.raises(CommandError, match="no key 'abc' is known"):
        run("revoke", "abc")
