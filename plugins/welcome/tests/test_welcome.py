"""Welcome greets everybody once in each channel."""

from collections.abc import Callable
from typing import Any

import pytest

from plexichat_plugin_sdk.testing import MockContext


@pytest.fixture
def context(plexichat: Callable[..., MockContext], plugin_class: Any) -> MockContext:
    """Welcome, loaded with a greeting."""
    made = plexichat(name="welcome", config={"greeting": "Hello!"})
    made.load(plugin_class)
    return made


def said(context: MockContext, **message: Any) -> dict[str, Any]:
    """The metadata of a message after the filter."""
    found = context.call_hook("message_sent", message)
    return dict(found.message["metadata"])


def test_it_greets_once_in_each_channel(context: MockContext) -> None:
    assert said(context, user_id="ada") == {"welcome": "Hello!"}
    assert said(context, user_id="ada") == {}
    assert said(context, user_id="ada", channel_id="other") == {"welcome": "Hello!"}
    assert said(context, user_id="bob") == {"welcome": "Hello!"}


def test_an_edit_is_no_first_message(context: MockContext) -> None:
    assert said(context, user_id="ada", is_edit=True) == {}


def test_clients_can_show_the_greeting_of_now(context: MockContext) -> None:
    context.set_config(greeting="Good evening!")
    assert context.request("GET", "/api/v1/welcome").json() == {"greeting": "Good evening!"}
