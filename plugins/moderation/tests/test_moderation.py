"""Moderation blocks, masks and keeps links where they may lead."""

from collections.abc import Callable
from typing import Any

import pytest

from plexichat_plugin_sdk.exceptions import ValidationError
from plexichat_plugin_sdk.testing import MockContext

SETTINGS = {
    "blocked_words": ["viagra"],
    "masked_words": ["darn", "heck"],
    "links": "allow",
    "allowed_hosts": ["example.org"],
}


@pytest.fixture
def context(plexichat: Callable[..., MockContext], plugin_class: Any) -> MockContext:
    """Moderation, loaded with the manifest's settings and an allowed host."""
    made = plexichat(name="moderation", config=SETTINGS)
    made.load(plugin_class)
    return made


def said(context: MockContext, content: str) -> Any:
    """What becomes of a message."""
    return context.call_hook("message_sent", {"content": content})


def test_it_blocks_words_and_says_which(context: MockContext) -> None:
    found = said(context, "cheap VIAGRA here")
    assert (found.blocked, found.reason) == (True, "The word 'VIAGRA' is not welcome here.")
    assert said(context, "viagrafree").allowed


def test_it_masks_words_in_any_case(context: MockContext) -> None:
    assert said(context, "what a Darn day").message["content"] == "what a **** day"
    assert said(context, "a fine day").message["content"] == "a fine day"


@pytest.mark.parametrize(
    ("links", "content", "passes"),
    [
        pytest.param("allow", "see https://evil.example", True, id="every link"),
        pytest.param("listed", "see https://evil.example", False, id="a host that is not listed"),
        pytest.param("listed", "see https://www.example.org", True, id="a listed one's subdomain"),
        pytest.param("listed", "see https://example.org@evil.example", False, id="a disguise"),
        pytest.param("block", "see https://example.org", False, id="no link at all"),
    ],
)
def test_it_follows_the_configuration(
    context: MockContext, links: str, content: str, passes: bool
) -> None:
    context.set_config(links=links)
    assert said(context, content).allowed is passes


def test_it_refuses_a_policy_that_it_does_not_know(
    plexichat: Callable[..., MockContext], plugin_class: Any
) -> None:
    made = plexichat(name="moderation", config={**SETTINGS, "links": "sometimes"})
    with pytest.raises(ValidationError, match="choose one of allow, listed, block"):
        made.load(plugin_class)
