"""The server's keys, what is derived from them, and tokens that only their purpose opens."""

from __future__ import annotations

import base64
import secrets
import traceback

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from plugins_registry import crypto, keys
from plugins_registry.exceptions import TokenRefused


def fresh_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


FIRST, SECOND = fresh_key(), fresh_key()


@pytest.fixture(autouse=True)
def _one_key(settings: Settings) -> None:
    settings.PLEXICHAT_ENCRYPTION_KEYS = (FIRST,)


def test_a_derived_key_is_the_same_each_time_and_differs_by_purpose() -> None:
    assert keys.derive("roles") == keys.derive("roles")
    assert keys.derive("roles") != keys.derive("names")
    assert len(keys.derive("roles", length=64)) == 64


def test_a_derived_key_comes_from_the_first_key(settings: Settings) -> None:
    before, (old,) = keys.derive("roles"), keys.key_ids()
    settings.PLEXICHAT_ENCRYPTION_KEYS = (SECOND, FIRST)
    assert keys.derive("roles") != before
    assert keys.derive("roles", key_id=old) == before


def test_ids_tell_keys_apart_and_are_no_part_of_them(settings: Settings) -> None:
    settings.PLEXICHAT_ENCRYPTION_KEYS = (FIRST, SECOND)
    ids = keys.key_ids()
    assert len(set(ids)) == 2
    assert not any(name in FIRST + SECOND or name in _hexadecimal(FIRST) for name in ids)
    assert repr(keys.current()) == f"<KeyRing {', '.join(ids)}>"


def test_all_bad_keys_are_named_and_none_is_quoted(settings: Settings) -> None:
    settings.PLEXICHAT_ENCRYPTION_KEYS = (FIRST, "not base64!", SECOND[:-4], FIRST)
    with pytest.raises(ImproperlyConfigured) as refused:
        keys.key_ids()
    text = "".join(traceback.format_exception(refused.value))
    assert "key 2 is not urlsafe base64; key 3 has 30 bytes, expected 32; key 4 stands" in text
    assert FIRST not in text
    assert "not base64!" not in text


def test_without_keys_it_is_said_how_to_make_one(settings: Settings) -> None:
    settings.PLEXICHAT_ENCRYPTION_KEYS = ()
    with pytest.raises(ImproperlyConfigured, match=r"there is no key\. Make a key with: python3"):
        keys.derive("roles")


def test_a_token_opens_for_its_purpose_only() -> None:
    token = crypto.encrypt("mine", b"hello")
    assert crypto.decrypt("mine", token) == b"hello"
    assert token.startswith(crypto.prefix(keys.key_ids()[0]))
    with pytest.raises(TokenRefused, match="encrypted by somebody else"):
        crypto.decrypt("yours", token)


def test_two_tokens_for_the_same_are_never_the_same() -> None:
    assert crypto.encrypt("mine", b"hello") != crypto.encrypt("mine", b"hello")


@pytest.mark.parametrize("length", [11, 12, 13])
def test_a_token_changed_anywhere_is_refused(length: int) -> None:
    token = crypto.encrypt("mine", b"x" * length)
    for place, character in enumerate(token):
        for other in "AB9.":
            changed = token[:place] + other + token[place + 1 :]
            if other != character:
                with pytest.raises(TokenRefused):
                    crypto.decrypt("mine", changed)
    assert crypto.decrypt("mine", token) == b"x" * length


@pytest.mark.parametrize("text", ["", "hello", "plx1", "plx1..", "plx1.00000000.AAAA", "plx1.ü.ä"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenRefused, match="no token"):
        crypto.decrypt("mine", text)


def test_an_old_key_still_decrypts_and_the_new_one_encrypts(settings: Settings) -> None:
    old = crypto.encrypt("mine", b"hello")
    settings.PLEXICHAT_ENCRYPTION_KEYS = (SECOND, FIRST)
    new = crypto.encrypt("mine", b"hello")
    assert crypto.decrypt("mine", old) == b"hello"
    assert [crypto.key_id_of(new), crypto.key_id_of(old)] == list(keys.key_ids())


def test_a_token_of_a_dropped_key_names_it(settings: Settings) -> None:
    token, (dropped,) = crypto.encrypt("mine", b"hello"), keys.key_ids()
    settings.PLEXICHAT_ENCRYPTION_KEYS = (SECOND,)
    with pytest.raises(TokenRefused, match=f"the key {dropped}, which is not among") as refused:
        crypto.decrypt("mine", token)
    assert refused.value.key_id == dropped


def _hexadecimal(key: str) -> str:
    return base64.urlsafe_b64decode(key).hex()
