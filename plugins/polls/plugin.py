"""Polls: a question, some options, one vote each, results live over a WebSocket.

Polls live in memory and end with the plugin. One lock guards them, because every request and
every socket is served by a thread of its own.
"""

import secrets
import threading
from collections import OrderedDict
from contextlib import suppress
from typing import Any

from plexichat_plugin_sdk import (
    Plugin,
    PluginContext,
    Request,
    WebSocket,
    endpoint,
    websocket_endpoint,
)
from plexichat_plugin_sdk.exceptions import ValidationError, WebSocketClosed

MAX_TEXT = 300
#: A body, or a body and its status.
Answer = dict[str, Any] | tuple[dict[str, Any], int]


class Poll:
    """One question; a user's newest vote counts."""

    def __init__(self, creator_id: str, question: str, options: list[str]) -> None:
        self.poll_id = secrets.token_urlsafe(9)
        self.creator_id = creator_id
        self.question = question
        self.options = options
        self.votes: dict[str, int] = {}

    def results(self) -> dict[str, Any]:
        """What everybody sees: counts, never who voted for what."""
        counts = [0] * len(self.options)
        for option in self.votes.values():
            counts[option] += 1
        return {
            "poll_id": self.poll_id,
            "question": self.question,
            "options": [
                {"text": text, "votes": count}
                for text, count in zip(self.options, counts, strict=True)
            ],
            "total": len(self.votes),
        }


class Polls(Plugin):
    """Serves polls to every logged-in user."""

    def on_load(self, context: PluginContext) -> None:
        """Begin without polls."""
        super().on_load(context)
        self.lock = threading.RLock()
        self.polls: OrderedDict[str, Poll] = OrderedDict()
        self.watchers: dict[str, list[WebSocket]] = {}

    @endpoint("/api/v1/polls", methods=["POST"])
    def create(self, request: Request) -> Answer:
        """Open a poll: {question, options}."""
        question, options = self.checked(request.body)
        poll = Poll(request.user_id, question, options)
        with self.lock:
            self.polls[poll.poll_id] = poll
            while len(self.polls) > self.config["max_open_polls"]:
                self.polls.popitem(last=False)  # the oldest makes room
        return poll.results(), 201

    @endpoint("/api/v1/polls/{poll_id}")
    def show(self, request: Request) -> Answer:
        """The results so far."""
        poll = self.polls.get(request.path_params["poll_id"])
        return poll.results() if poll else not_found()

    @endpoint("/api/v1/polls/{poll_id}/vote", methods=["POST"])
    def vote(self, request: Request) -> Answer:
        """Vote, or change the vote: {option: index}."""
        poll = self.polls.get(request.path_params["poll_id"])
        if poll is None:
            return not_found()
        option = request.body.get("option") if isinstance(request.body, dict) else None
        if type(option) is not int or not 0 <= option < len(poll.options):
            raise ValidationError(f"option must be a number from 0 to {len(poll.options) - 1}")
        with self.lock:
            poll.votes[request.user_id] = option
            results = poll.results()
        self.tell(poll.poll_id, results)
        return results

    @websocket_endpoint("/ws/polls/{poll_id}")
    def watch(self, websocket: WebSocket) -> None:
        """Send the results now and after each vote, until the client leaves."""
        poll_id = websocket.path_params["poll_id"]
        poll = self.polls.get(poll_id)
        if poll is None:
            websocket.close(4404, "no such poll")
            return
        with self.lock:
            self.watchers.setdefault(poll_id, []).append(websocket)
        try:
            websocket.send_json(poll.results())
            while True:
                websocket.receive_json()  # nothing is expected; returns when the client has gone
        except WebSocketClosed:
            pass
        finally:
            with self.lock:
                self.watchers[poll_id].remove(websocket)
                if not self.watchers[poll_id]:
                    del self.watchers[poll_id]

    def tell(self, poll_id: str, results: dict[str, Any]) -> None:
        """Send new results to everybody who watches."""
        with self.lock:
            watchers = list(self.watchers.get(poll_id, ()))
        for websocket in watchers:
            with suppress(WebSocketClosed):  # its own thread cleans up
                websocket.send_json(results)

    def checked(self, body: Any) -> tuple[str, list[str]]:
        """Return question and options, or say everything that is wrong with them."""
        body = body if isinstance(body, dict) else {}
        question, options = body.get("question"), body.get("options")
        problems = []
        if not is_text(question):
            problems.append(f"question must be text of at most {MAX_TEXT} characters")
        most = self.config["max_options"]
        if not isinstance(options, list) or not 2 <= len(options) <= most:
            problems.append(f"options must be a list of 2 to {most} texts")
        elif not all(is_text(option) for option in options):
            problems.append(f"each option must be text of at most {MAX_TEXT} characters")
        if problems:
            raise ValidationError("; ".join(problems))
        return question, options


def is_text(value: Any | None) -> bool:
    """Whether a value is text worth showing."""
    return isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_TEXT


def not_found() -> Answer:
    """The answer for a poll nobody knows."""
    return {"code": "not_found", "detail": "There is no such poll."}, 404
