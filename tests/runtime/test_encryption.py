"""`encrypt_data` and `decrypt_data` inside real sandboxes: each plugin opens only its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings

from plexichat_plugin_sdk._wire import codes
from plugin_runtime.gateway import encryption, questions
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.gateway.database.stores import store
from plugin_runtime.gateway.refusal import Refusal
from plugins_registry import crypto, keys, services
from tests.platform import Platform
from tests.registry.test_keys import fresh_key
from tests.runtime.test_configuration import asked
from tests.sdk.reference import PRELUDE, reference_block

CODE = """
import json
import os
from plexichat_plugin_sdk import Plugin, endpoint
from plexichat_plugin_sdk.exceptions import PluginError
from plexichat_plugin_sdk.security import decrypt_data, encrypt_data


def readable(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


class Probe(Plugin):
    @endpoint("/api/v1/NAME", methods=["POST"])
    def run(self, request):
        names = {"encrypt": encrypt_data, "decrypt": decrypt_data, "os": os, "readable": readable}
        try:
            return {"answer": eval(request.body["code"], names)}
        except PluginError as error:
            return {"error": str(error), "kind": type(error).__name__}
"""


def prober(platform: Platform, name: str) -> Callable[[str], Any]:
    platform.install(platform.write(name, CODE.replace("NAME", name)))
    return lambda code: asked(name, f"POST /api/v1/{name}", {"code": code})[2]


def test_a_plugin_opens_its_own_tokens_and_nobody_elses(platform: Platform) -> None:
    mine, other = prober(platform, "mine"), prober(platform, "other")
    token = mine("encrypt('grüße')")["answer"]
    assert mine(f"decrypt({token!r})") == {"answer": "grüße"}
    assert mine("decrypt(encrypt(bytes([0, 255]))) == bytes([0, 255])") == {"answer": True}
    assert mine("[decrypt(encrypt('')), len(decrypt(encrypt('x' * 131072)))]")["answer"] == [
        "",
        131072,
    ]
    for stolen in (token, token[:-2] + "AA", token[:40], "no token"):
        assert other(f"decrypt({stolen!r})")["kind"] == "ValidationError"
    assert "encrypted by somebody else" in other(f"decrypt({token!r})")["error"]
    assert "cut them into pieces" in mine("encrypt('x' * 131073)")["error"]
    assert "text or bytes, not dict" in mine("encrypt({})")["error"]
    assert "surrogate" in mine("encrypt('\\ud800')")["error"]
    _no_key_is_within_reach(mine)


def _no_key_is_within_reach(run: Callable[[str], Any]) -> None:
    (key,) = django_settings.PLEXICHAT_ENCRYPTION_KEYS
    assert key not in str(run("dict(os.environ)"))
    for path in ("/proc/self/environ", f"{django_settings.PLEXICHAT_HOME}/encryption-key"):
        assert key not in str(run(f"str(readable({path!r}))"))


#: Endpoints around the reference's two methods.
AROUND = """
class Around(EncryptionPlugin):
    @endpoint("/api/v1/vault", methods=["POST"])
    def keep(self, request):
        return {"stored": self.store_sensitive_data(request.user_id, request.body)}

    @endpoint("/api/v1/vault")
    def show(self, request):
        with get_db_connection() as conn:
            rows = conn.cursor().execute("SELECT data FROM sensitive_data").fetchall()
        return {"found": self.retrieve_sensitive_data(request.user_id), "resting": rows[0][0]}
"""
MIGRATION = """
CREATE TABLE sensitive_data (
    user_id TEXT NOT NULL, data TEXT NOT NULL, created_at TIMESTAMP WITH TIME ZONE NOT NULL
);
"""


@pytest.mark.backends
def test_the_references_encryption_plugin_runs(platform: Platform) -> None:
    folder = platform.write("vault", "")
    code = f"{PRELUDE}\n\n{reference_block('EncryptionPlugin')}\n\n{AROUND}"
    (folder / "plugin.py").write_text(code)
    (folder / "migrations").mkdir()
    (folder / "migrations" / "0001_vault.sql").write_text(MIGRATION)
    platform.install(folder)
    try:
        stored = asked("vault", "POST /api/v1/vault", {"card": "4111 1111"})
        shown = asked("vault", "GET /api/v1/vault")[2]
    finally:
        services.uninstall("vault")
        store().purge("vault")
    assert stored[2] == {"stored": True}
    assert shown["found"] == {"card": "4111 1111"}
    assert shown["resting"].startswith(crypto.prefix(keys.key_ids()[0]))


Ask = Callable[..., Any]


@pytest.fixture
def ask() -> Ask:
    asker = Asker("mine", "1.0.0")
    return lambda what, **arguments: questions.answer(asker, what, arguments)


@pytest.mark.parametrize("data", [None, 5, ["x"], {}])
def test_the_gateway_itself_refuses_what_is_no_data(ask: Ask, data: Any) -> None:
    for what, name in (("crypto.encrypt", "data"), ("crypto.decrypt", "token")):
        with pytest.raises(Refusal) as refused:
            ask(what, **{name: data})
        assert refused.value.code == codes.INVALID
    with pytest.raises(Refusal, match="only 131072"):
        ask("crypto.encrypt", data=b"x" * (encryption.MOST_BYTES + 1))


def test_an_argument_cannot_name_another_plugin(ask: Ask) -> None:
    token = ask("crypto.encrypt", data="mine", plugin="other", name="other")
    assert ask("crypto.decrypt", token=token) == "mine"
    with pytest.raises(Refusal):
        questions.answer(Asker("other", "1.0.0"), "crypto.decrypt", {"token": token})


def test_a_stored_secret_is_no_token_of_the_plugin(ask: Ask) -> None:
    token = crypto.encrypt("configuration of mine", b"tsecret")
    with pytest.raises(Refusal, match="by somebody else"):
        ask("crypto.decrypt", token=token)


def test_old_tokens_open_after_a_rotation_and_new_ones_take_the_new_key(
    ask: Ask, settings: Any
) -> None:
    token, before = ask("crypto.encrypt", data="kept"), keys.key_ids()
    settings.PLEXICHAT_ENCRYPTION_KEYS = (fresh_key(), *settings.PLEXICHAT_ENCRYPTION_KEYS)
    assert ask("crypto.decrypt", token=token) == "kept"
    assert crypto.key_id_of(ask("crypto.encrypt", data="kept")) not in before
    settings.PLEXICHAT_ENCRYPTION_KEYS = (fresh_key(),)
    with pytest.raises(Refusal, match="is not among PLEXICHAT_ENCRYPTION_KEYS") as refused:
        ask("crypto.decrypt", token=token)
    assert refused.value.details == {"key_id": before[0]}
