"""What a plugin may not emit, asked of the gateway itself: a plugin may bypass its SDK."""

from __future__ import annotations

from typing import Any

import pytest

from plugin_runtime.events import recorder
from plugin_runtime.gateway import emitting
from plugin_runtime.gateway.emitting import DEPTH_LIMIT, PAYLOAD_BYTES, emit
from plugin_runtime.gateway.refusal import Refusal

Told = list[tuple[str, dict[str, Any], str, int]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What would have been written."""
    written: Told = []

    def tell(hook: str, payload: dict[str, Any], *, origin: str, depth: int = 0) -> None:
        written.append((hook, payload, origin, depth))

    monkeypatch.setattr(recorder, "tell_others", tell)
    emitting._budgets.clear()
    emitting.weights.forget()
    return written


def test_an_event_is_written_in_the_emitters_name(told: Told) -> None:
    emit("shop", {"name": "order.paid", "payload": {"number": 7}, "depth": DEPTH_LIMIT})

    assert told == [("order.paid", {"number": 7}, "shop", DEPTH_LIMIT)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({"name": 7}, "must be a string", id="no text as name"),
        pytest.param({"name": "Order Paid"}, "is no hook name", id="a name out of form"),
        pytest.param({"name": "message_sent"}, "the host's own", id="a core hook"),
        pytest.param({"name": "channel_join"}, "the host's own", id="an alias of a core hook"),
        pytest.param({"payload": [1]}, "must be a dict", id="a list as payload"),
        pytest.param({"payload": {"x": "y" * PAYLOAD_BYTES}}, "bytes of JSON", id="too large"),
        pytest.param({"depth": DEPTH_LIMIT + 1}, "answering itself", id="too deep"),
        pytest.param({"depth": -1}, "whole number", id="a negative depth"),
        pytest.param({"depth": True}, "whole number", id="a depth that is no number"),
    ],
)
def test_what_is_out_of_bounds_is_refused(
    told: Told, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refusal, match=words):
        emit("shop", {"name": "order_paid", "payload": {}, "depth": 0, **arguments})
    assert told == []


def test_a_storm_is_stopped_for_its_maker_only(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emitting, "BURST", 2.0)
    asked = {"name": "order_paid", "payload": {}}
    emit("shop", asked)
    emit("shop", asked)

    with pytest.raises(Refusal, match="a second"):
        emit("shop", asked)
    emit("neighbour", asked)

    assert [origin for _, _, origin, _ in told] == ["shop", "shop", "neighbour"]


def test_large_payloads_do_not_fill_the_outbox(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emitting.weights, "at_once", 100_000)
    large = {"name": "order_paid", "payload": {"x": "y" * 60_000}}
    emit("shop", large)

    with pytest.raises(Refusal, match="KiB of payloads"):
        emit("shop", large)
    emit("shop", {"name": "order_paid", "payload": {"number": 7}})
    emit("neighbour", large)

    assert [origin for _, _, origin, _ in told] == ["shop", "shop", "neighbour"]
