"""Messages of plugins: written by their bots, filtered and heard like any other, never for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plexichat.chat import services as chat
from plexichat.chat.exceptions import Invalid, WrongCredentials
from plexichat.chat.models import Message, User
from plugin_runtime import conversations
from plugin_runtime.events import drain
from plugin_runtime.gateway import speaking, standing
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.gateway.refusal import Refusal
from plugin_runtime.speakers import DEPTH_LIMIT
from plugins_registry import services
from plugins_registry.models import Delivery, Event
from tests.platform import Platform
from tests.waiting import wait_for

pytestmark = pytest.mark.backends
Post = Callable[[str], Any]

MAY_SEND = "permissions:\n  optional: [message_send]\n"
SAYS = """
    from plexichat_plugin_sdk import Plugin, endpoint, send_message
    from plexichat_plugin_sdk import exceptions as errors

    class Says(Plugin):
        @endpoint("/api/v1/{name}/say", methods=["POST"])
        def say(self, request):
            try:
                return send_message(**request.body)
            except errors.PluginError as error:
                return [type(error).__name__, str(error)]
"""


@pytest.fixture(autouse=True)
def _new_budgets() -> None:
    """What one test has used up is no business of the next."""
    speaking.budgets.forget()


@pytest.fixture
def says(platform: Platform) -> Callable[..., Any]:
    """Installs a plugin that says what it is told to, and tells it."""
    platform.install(platform.write("says", SAYS.replace("{name}", "says"), manifest=MAY_SEND))

    def say(channel: Any, content: str = "hello", **more: Any) -> Any:
        return told(
            "says", "POST /api/v1/says/say", channel_id=channel.public_id, content=content, **more
        )

    return say


def told(plugin: str, target: str, **body: Any) -> Any:
    method, _, path = target.partition(" ")
    request = {"user_id": "u", "method": method, "path": path, "body": body}
    return conversations.call(plugin, "endpoint", target, request, deadline_ms=20_000)[2]


def deliver_all() -> None:
    """Tell every plugin what it is owed, until nobody is owed anything."""
    while owed := services.plugins_with_due_deliveries():
        for name in owed:
            drain.drain(name)


def test_a_message_is_the_bots(platform: Platform, says: Callable[..., Any]) -> None:
    channel = platform.channel()

    said = says(channel, message_type="note", metadata={"n": 1})

    stored = Message.objects.get(public_id=said["message_id"])
    assert (stored.content, stored.message_type, stored.metadata) == ("hello", "note", {"n": 1})
    assert (stored.author.is_bot, stored.author.display_name) == (True, "says")
    assert said["user_id"] == stored.author.public_id
    assert said["channel_id"] == channel.public_id


def test_without_the_grant_nothing_is_said(platform: Platform, says: Callable[..., Any]) -> None:
    channel = platform.channel()
    services.revoke("says", ["message_send"])
    kind, text = says(channel)
    assert (kind, "message_send" in text) == ("PermissionError", True)

    services.grant("says", ["message_send"])
    assert says(channel)["content"] == "hello"


def test_a_bot_speaks_where_it_may(platform: Platform, says: Callable[..., Any]) -> None:
    ada = platform.person()
    secret, _ = chat.create_channel(ada, name="secret", channel_type="private")
    kind, text = says(secret)
    assert (kind, "no such channel that the bot may write to" in text) == ("ValidationError", True)

    bot = User.objects.get(is_bot=True)
    chat.add_member(ada, secret.public_id, user_id=bot.public_id)
    assert says(secret)["content"] == "hello"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        pytest.param({"channel_id": "nowhere"}, "no such channel", id="an unknown channel"),
        pytest.param({"content": " "}, "Must not be empty", id="nothing said"),
        pytest.param({"message_type": "a b"}, "one word", id="a strange type"),
        pytest.param({"metadata": {"x": "y" * 20_000}}, "bytes of JSON", id="a lot of metadata"),
        pytest.param({"metadata": [1]}, "must be a dict", id="metadata that is no dict"),
        pytest.param({"content": 7}, "must be a string", id="a number as content"),
    ],
)
def test_what_is_no_message_is_refused_and_named(
    wrong: dict[str, Any], words: str, asked: Callable[..., Any]
) -> None:
    with pytest.raises(Refusal, match=words) as refusal:
        asked(**wrong)
    assert refusal.value.code == "invalid"


@pytest.fixture
def asked(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Asks the gateway itself, since a plugin may bypass its SDK; only grants are left out."""
    monkeypatch.setattr(standing, "require", lambda asker, capability: None)
    ada = User.objects.create_user("ada")
    channel, _ = chat.create_channel(ada, name="lobby", channel_type="public")
    sound = {"channel_id": channel.public_id, "content": "hello", "message_type": "text"}

    def ask(plugin: str = "says", **wrong: Any) -> Any:
        return speaking.send(Asker(plugin, "1.0.0"), {**sound, **wrong})

    return ask


def test_a_storm_of_messages_is_stopped_for_its_maker_only(
    asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.PLEXICHAT_PLUGIN_MESSAGES_PER_SECOND = 0.001
    monkeypatch.setattr(speaking.budgets, "at_once", 2)
    asked()
    asked()
    with pytest.raises(Refusal, match="messages a second"):
        asked()
    assert asked("neighbour")["content"] == "hello"


def test_answers_to_answers_end(asked: Callable[..., Any]) -> None:
    assert asked(depth=DEPTH_LIMIT)["content"] == "hello"
    with pytest.raises(Refusal, match="two bots"):
        asked(depth=DEPTH_LIMIT + 1)


def test_a_bot_cannot_log_in_and_nobody_takes_its_name(asked: Callable[..., Any]) -> None:
    asked()
    bot = User.objects.get(is_bot=True)
    with pytest.raises(Invalid, match="username"):
        chat.register(bot.username, email="", password="a long passphrase")
    bot.set_password("a long passphrase")
    bot.save()
    with pytest.raises(WrongCredentials):
        chat.login(bot.username, password="a long passphrase")


def test_a_deactivated_bot_is_silent(asked: Callable[..., Any]) -> None:
    asked()
    User.objects.filter(is_bot=True).update(is_active=False)
    with pytest.raises(Refusal, match="deactivated"):
        asked()


def test_other_plugins_filter_a_bots_message_and_its_own_does_not(platform: Platform) -> None:
    own = """
    from plexichat_plugin_sdk import Plugin, endpoint, hook, send_message

    class Says(Plugin):
        @endpoint("/api/v1/says/say", methods=["POST"])
        def say(self, request):
            return send_message(**request.body)

        @hook("message_sent")
        def check(self, message):
            return {**message, "content": message["content"] + " (own)"}
    """
    platform.install("shouts")
    platform.install(platform.write("says", own, manifest=MAY_SEND))
    channel = platform.channel()

    said = told("says", "POST /api/v1/says/say", channel_id=channel.public_id, content="hello")
    theirs = chat.post_message(platform.person(), channel.public_id, content="hello")

    assert (said["content"], theirs.content) == ("HELLO", "HELLO (OWN)")


def test_a_blocked_message_of_a_bot_raises(platform: Platform, says: Callable[..., Any]) -> None:
    blocks = """
    from plexichat_plugin_sdk import Block, Plugin, hook

    class Blocks(Plugin):
        @hook("message_sent")
        def check(self, message):
            return Block("not here") if message["content"] == "spam" else None
    """
    platform.install(platform.write("blocks", blocks))
    channel = platform.channel()

    assert says(channel, "spam") == ["MessageBlocked", "not here"]
    assert says(channel, "fine")["content"] == "fine"


#: A limit that is reached sooner, since every level takes its time.
SHALLOW = 3


@pytest.fixture
def _shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaking, "DEPTH_LIMIT", SHALLOW)


ANSWERS = """
    from plexichat_plugin_sdk import Plugin, hook, send_message

    class Answers(Plugin):
        @hook("message_received")
        def answer(self, message):
            send_message(message["channel_id"], "and you?")
"""


@pytest.mark.usefixtures("_shallow")
def test_two_bots_that_answer_each_other_come_to_an_end(
    platform: Platform, says: Callable[..., Any]
) -> None:
    platform.install(platform.write("first", ANSWERS, manifest=MAY_SEND))
    platform.install(platform.write("second", ANSWERS, manifest=MAY_SEND))

    says(platform.channel())
    deliver_all()

    # Each hears the first message and the other; so there are two chains, as long as the limit.
    depths = sorted(Event.objects.filter(hook="message_received").values_list("depth", flat=True))
    assert depths == sorted([0, *range(1, SHALLOW + 1), *range(1, SHALLOW + 1)])
    assert Message.objects.count() == 1 + 2 * SHALLOW
    # The answer that would be too deep is refused, which is its handler's error.
    waiting = Delivery.objects.filter(state="waiting").values_list("error", flat=True)
    assert len(waiting) == 2
    assert all("two bots" in error for error in waiting)


@pytest.mark.usefixtures("_shallow")
def test_filters_that_speak_while_they_are_asked_come_to_an_end(
    platform: Platform, post: Post
) -> None:
    code = """
    from plexichat_plugin_sdk import LimitReached, Plugin, hook, send_message

    class Echoes(Plugin):
        @hook("message_sent")
        def check(self, message):
            try:
                send_message(message["channel_id"], "about that")
            except LimitReached:
                self.logger.info("too deep")
    """
    platform.install(platform.write("ping", code, manifest=MAY_SEND), deadline_ms=10_000)
    platform.install(platform.write("pong", code, manifest=MAY_SEND), deadline_ms=10_000)

    assert post("hello").content == "hello"

    # Both are asked about the person's message, then each about what the other says.
    assert Message.objects.count() == 1 + 2 * (SHALLOW + 1)
    assert all(platform.plugin(name).state == "active" for name in ("ping", "pong"))


def test_a_filter_that_waits_for_a_stuck_one_is_passed_over_in_time(
    platform: Platform, post: Post
) -> None:
    stuck = """
    import time
    from plexichat_plugin_sdk import Plugin, hook

    class Stuck(Plugin):
        @hook("message_sent")
        def check(self, message):
            if message["content"] == "from the filter":
                time.sleep(1.0)
    """
    speaks = """
    from plexichat_plugin_sdk import Plugin, hook, send_message

    class Speaks(Plugin):
        @hook("message_sent")
        def check(self, message):
            send_message(message["channel_id"], "from the filter")
    """
    platform.install(platform.write("stuck", stuck), deadline_ms=200)
    platform.install(platform.write("speaks", speaks, manifest=MAY_SEND), deadline_ms=5_000)

    assert post("hello").content == "hello"
    assert Message.objects.filter(content="from the filter").count() == 1


def test_a_bot_outlives_its_plugin(platform: Platform, says: Callable[..., Any]) -> None:
    said = says(platform.channel())
    services.uninstall("says")
    wait_for(lambda: "says" not in platform.supervisor.pids, what="the end of the plugin")
    assert Message.objects.get(public_id=said["message_id"]).author.display_name == "says"
