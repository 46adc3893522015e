"""The checks: what a plugin may count on, in every world.

Each does something and returns what came of it, without what differs from run to run. The worlds
must agree on it, to the letter where the words are ours; where they are a database's, on the
exception's class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.worlds import World

ECHO = "/api/v1/subject/echo"
Check = Callable[[World], Any]


def filters(world: World) -> Any:
    words = (
        *("hello", "none", "raise-block rude", "return-block ruder", "allow", "crash"),
        *("nonsense", "empty", "change me"),
    )
    came = {word: world.post(word) for word in words}
    assert came["none"] == {"blocked": ""}
    assert came["raise-block rude"] == {"blocked": "rude"}
    assert came["crash"]["content"] == "crash"
    changed = {"content": "ME", "message_type": "note", "metadata": {"extra": 1}}
    assert came["change me"] == changed
    return came


def events(world: World) -> Any:
    world.do("state")
    hooks = ("user_login", "subject_asked", "user_logout")
    data = {"user_id": "u", "login_time": "t", "ip_address": "", "user_agent": "x"}
    data |= {"device_info": {}, "logout_time": "t", "session_duration": 3}
    came = [world.tell(hook, data) for hook in hooks]
    seen = [[attempt, name] for _, attempt, name in world.do("state")[0]]
    assert came == ["ok", "ok", "KeyError"]
    assert seen == [[1, "user_login"], [1, "async"]]
    return came, seen


def endpoints(world: World) -> Any:
    headers = {"X-Tone": "low", "Authorization": "secret", "X-Forwarded-For": "10.0.0.1"}
    came = [
        world.request("GET", f"{ECHO}/you?a=1&a=2&b=&token=secret", headers=headers),
        world.request("PUT", f"{ECHO}/a%20b", json={"q": [1, None, "ü"]}),
        world.request("POST", f"{ECHO}/raw", body=b"\x00raw"),
        world.request("POST", f"{ECHO}/large", json=[2**64]),
        world.request("GET", f"{ECHO}/fixed"),
        world.request("HEAD", f"{ECHO}/fixed"),
        world.request("PUT", f"{ECHO}/fixed"),
        world.request("OPTIONS", f"{ECHO}/fixed")[::2],  # of what type nothing is does not matter
        world.request("DELETE", f"{ECHO}/you"),
        world.request("GET", f"{ECHO}/you", is_known=False),
        world.request("GET", f"{ECHO}/"),
        world.request("GET", "/api/v1/subject/nowhere"),
    ]
    statuses = [status for status, *_ in came]
    assert statuses == [200, 200, 200, 400, 200, 200, 200, 204, 405, 401, 404, 404]
    return came


def answers(world: World) -> Any:
    kinds = (
        *("dict", "text", "bytes", "none", "status", "empty", "headers", "date", "object"),
        *("bad-status", "bad-header", "invalid", "refused", "broken"),
    )
    came = {
        kind: world.request("POST", "/api/v1/subject/answer", json={"kind": kind}) for kind in kinds
    }
    assert [came[kind][0] for kind in ("broken", "object", "invalid")] == [500, 500, 400]
    assert came["dict"][2] == {"a": [1, None, "ü", 1.5]}
    return came


def permissions(world: World) -> Any:
    path, held = "/api/v1/subject/guarded", {"user_id": world.ada, "permission": "subject.read"}
    came = [world.request("GET", path), world.do("permissions", **held)]
    world.permit("subject.read")
    came += [world.request("GET", path), world.do("permissions", **held)]
    world.permit("subject.write")
    came += [world.request("GET", path), world.do("permissions", **held)]
    came.append(world.do("permissions", user_id="nobody", permission="subject.read"))
    assert [came[at][0] for at in (0, 2, 4)] == [403, 403, 200]
    return came


def sockets(world: World) -> Any:
    came = [
        world.talk("/ws/subject/a?tone=low", [{"n": 1}, "two"]),
        world.talk("/ws/subject/a", ["close"]),
        world.talk("/ws/subject/async/b", [1, [2]]),
    ]
    assert came[1][-1] == [4001, "as you wish"]
    failed = world.talk("/ws/subject/a", ["fail"])
    nowhere = world.talk("/ws/nowhere/x", [])
    return came, failed[-1][0], nowhere[-1]


def config(world: World) -> Any:
    came = [
        world.do("config", defaults={"colour": "green", "own": {"a": 1}}),
        world.do("config"),
        world.do("config", name="another"),
        world.do("update_config", values={"colour": "blue", "deep": {"x": 2}}),
        world.do("config", defaults={"colour": "green", "deep": {"y": 1}}),
        world.do("update_config", values={"limit": "many", "on": 1, "words": [2], "deep": 1}),
        world.do("update_config", values={"unknown": 1, "deep": {"z": 1}}),
        world.do("update_config", values={"ratio": 2, "words": []}),
        world.do("update_config", values={"colour": "x"}, name="another"),
        world.set_config(colour="violet"),
        world.do("config"),
        world.set_config(limit=1.5, colour=None),
        world.do("identity"),
    ]
    assert came[2]["error"] == "PermissionError"
    assert came[3][1] == "blue"
    assert came[-3]["colour"] == "violet"
    # In which order the known settings are listed is a matter of how a database keeps them.
    came[6][0]["text"] = sorted(came[6][0]["text"].replace(",", "").split())
    return came


def capabilities(world: World) -> Any:
    came = [world.do("capabilities")]
    read = [["SELECT COUNT(*) AS found FROM messages"]]
    world.revoke("message_data_read", "message_send")
    came.append(world.do("capabilities"))
    came += [world.do("sql", statements=read)[0], _sent(world)]
    world.grant("message_data_read", "message_send")
    came += [world.do("sql", statements=read)[0]["columns"], _sent(world)["content"]]
    assert "PermissionError" in came[2]["bases"]
    assert "PermissionError" in came[3]["bases"]
    return came


def _sent(world: World, **more: Any) -> Any:
    return world.do("send", **{"channel_id": world.channel, "content": "hello", **more})


def messages(world: World) -> Any:
    kept = ("content", "message_type", "metadata", "edit_time")
    whole = _sent(world, message_type="note", metadata={"n": 1})
    came: list[Any] = [{key: whole[key] for key in kept}, sorted(whole)]
    assert whole["channel_id"] == world.channel
    wrong: tuple[dict[str, Any], ...] = (
        {"channel_id": "nowhere"},
        {"content": " "},
        {"content": 5},
        {"message_type": "two words"},
        {"metadata": [1]},
        {"content": "x" * 8_001},
    )
    came += [_sent(world, **each)["error"] for each in wrong]
    assert set(came[2:]) == {"ValidationError"}
    return came


def emitting(world: World) -> Any:
    came = [
        world.do("emit", name="subject_asked", payload={"n": 1}),
        world.do("emit", name="message_sent", payload={}),
        world.do("emit", name="Bad Name", payload={"x": "y" * 70_000}),
        world.do("broadcast", path="/ws/subject/{room}", data={"n": 1}),
        world.do("broadcast", path="/ws/elsewhere", data=1),
        world.do("broadcast", path="/ws/subject/{room}", data={"n": 1}, user_ids=[world.ada]),
    ]
    assert came[0] is None
    assert came[1]["error"] == came[4]["error"] == "ValidationError"
    return came


def secrets(world: World) -> Any:
    came = [world.do("crypto", text="a ü secret"), world.do("crypto_large")]
    assert came[0][0] is True
    return came


def cache(world: World) -> Any:
    calls: list[list[Any]] = [
        ["set", ["a", "1"], {"ex": 100}],
        ["get", ["a"], {}],
        ["incr", ["a"], {}],
        ["ttl", ["a"], {}],
        ["lpush", ["a", "x"], {}],
        ["hset", ["h"], {"mapping": {"f": "1", "g": "2"}}],
        ["hgetall", ["h"], {}],
        ["hincrby", ["h", "f", 5], {}],
        ["sadd", ["s", "x", "y"], {}],
        ["smembers", ["s"], {}],
        ["zadd", ["z", {"m": 1.5, "n": 2}], {}],
        ["zrange", ["z", 0, -1], {"withscores": True}],
        ["keys", ["*"], {}],
        ["delete", ["a", "none"], {}],
        ["get", ["a"], {}],
        ["set", ["a", "1"], {"ex": 0}],
        ["set", ["k" * 2000, "1"], {}],
        ["set", ["big", "x" * (1024 * 1024)], {}],
        ["publish", ["c", "m"], {}],
    ]
    came = [
        world.do("cache", calls=calls),
        world.do("cache", calls=[["mget", ["s", "h", "none"], {}]], decode=True),
        world.do("cache_script"),
    ]
    came[0][12] = sorted(map(str, came[0][12][1]))
    assert came[0][:4] == [True, ["bytes", "b'1'"], 2, 100]
    return came


def jobs_and_background(world: World) -> Any:
    before = world.do("state")[2]
    world.run_job("tick")
    came = [world.do("state")[2] - before]
    came += [world.do("background", fails=fails) for fails in (False, True)]
    assert came == [1, "done", "failed"]
    return came


def logging(world: World) -> Any:
    world.do("log")
    lines = world.logs()
    came = [line for line in lines if line["message"] in ("seen well", "it raised", "not seen")]
    assert [line["level"] for line in came] == ["WARNING", "ERROR"]
    assert came[0]["extra"] == {"fact": {"n": 1}, "name": "taken"}
    return came


#: All but those about the database, which have a file of their own; the log comes last, because
#: what is logged arrives in its own time.
CHECKS: tuple[Check, ...] = (
    *(filters, events, endpoints, answers, permissions, sockets, config, capabilities),
    *(messages, emitting, secrets, cache, jobs_and_background, logging),
)
