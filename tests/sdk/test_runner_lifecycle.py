"""Load, configuration, unload, pings and the end, with the runner in a real child."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plexichat_plugin_sdk._wire.control import ConfigChanged, Loaded, LoadFailed, Unload, Unloaded
from plexichat_plugin_sdk._wire.conversation import Answer, Close
from plexichat_plugin_sdk._wire.framing import WireClosed
from tests.sdk.child import Child, alive, running, until, write_plugin


def _failure(folder: Path, **facts: Any) -> LoadFailed:
    with alive(folder) as child:
        failed = child.load(**facts)
        assert child.exit_status() == 1
    assert isinstance(failed, LoadFailed)
    return failed


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit('no')", "SystemExit: no"),
        ("this is no Python", "SyntaxError: invalid syntax (plugin.py, line 3)"),
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("@scheduled()\ndef f(): ...", "ValidationError: @scheduled needs exactly one"),
        ("class A(Plugin):\n def __init__(self, x): ...", "TypeError: A.__init__() missing 1"),
        ("class A(Plugin):\n def on_load(self, c): raise SystemExit(3)", "SystemExit: 3"),
        ("class A(Plugin):\n async def on_load(self, c): 1 / 0", "ZeroDivisionError"),
        ("x = 1", "NotLoadable: no class derived from Plugin is defined in 'plugin'"),
        ("class A(Plugin): ...\nclass B(Plugin): ...", "NotLoadable: 2 plugins are defined in"),
    ],
)
def test_what_fails_at_load_is_told_and_ends_the_process(
    source: str, said: str, tmp_path: Path
) -> None:
    assert _failure(write_plugin(tmp_path, source)).message.startswith(said)


def test_two_candidates_are_named_with_the_cure(tmp_path: Path) -> None:
    write_plugin(tmp_path, "class A(Plugin): ...\nclass B(Plugin): ...")
    message = _failure(tmp_path).message
    assert "'plugin': A, B; say in the manifest" in message
    assert "plugin.entry_point: 'plugin:A'" in message


def test_the_traceback_of_a_failed_load_points_at_the_author(tmp_path: Path) -> None:
    write_plugin(tmp_path, "class A(Plugin):\n    def on_load(self, c):\n        1 / 0\n")
    traceback = _failure(tmp_path).traceback
    assert 'File "plugin.py", line 5, in on_load' in traceback
    assert "plexichat_plugin_sdk" not in traceback


@pytest.mark.parametrize(
    ("entry_point", "said"),
    [
        ("plugin", "entry_point 'plugin' must look like 'module:Class'"),
        ("plugin:Nothing", "expected a class derived from Plugin, found None"),
        ("plugin:Dict", "expected a class derived from Plugin, found typing.Dict"),
    ],
)
def test_a_bad_entry_point_is_explained(entry_point: str, said: str, tmp_path: Path) -> None:
    write_plugin(tmp_path, "class A(Plugin): ...")
    assert said in _failure(tmp_path, entry_point=entry_point).message


def test_an_empty_folder_is_explained(tmp_path: Path) -> None:
    message = _failure(tmp_path).message
    assert message.startswith("NotLoadable: neither plugin.py nor a package 'sample' is in")


def test_another_wire_version_is_refused(tmp_path: Path) -> None:
    write_plugin(tmp_path, "class A(Plugin): ...")
    assert "wire version 99, this SDK 1; restart" in _failure(tmp_path, wire_version=99).message


def _offers(folder: Path, **facts: Any) -> list[str]:
    """The names of the hooks of the plugin that is found."""
    with alive(folder) as child:
        loaded = child.load(**facts)
    assert isinstance(loaded, Loaded), loaded
    return [each.name for each in loaded.hooks]


_ONE = "class {name}({base}):\n    @hook('{hook}')\n    def {hook}(self, data): ...\n"


def test_the_most_derived_class_is_taken_and_imported_ones_do_not_count(tmp_path: Path) -> None:
    write_plugin(tmp_path, _ONE.format(name="Base", base="Plugin", hook="base"), "elsewhere.py")
    source = "from elsewhere import Base\n" + _ONE.format(name="Own", base="Base", hook="own")
    write_plugin(tmp_path, source)
    assert _offers(tmp_path) == ["base", "own"]


def test_an_entry_point_chooses(tmp_path: Path) -> None:
    source = "".join(
        _ONE.format(name=name, base="Plugin", hook=name.lower()) for name in ("A", "B")
    )
    write_plugin(tmp_path, source, "inner/main.py")
    assert _offers(tmp_path, entry_point="inner.main:B") == ["b"]


def test_a_package_named_like_the_plugin_is_found(tmp_path: Path) -> None:
    source = _ONE.format(name="A", base="Plugin", hook="a")
    write_plugin(tmp_path, source, "my_sample/main.py")
    write_plugin(tmp_path, "from .main import A", "my_sample/__init__.py")
    assert _offers(tmp_path, plugin="my-sample") == ["a"]


def test_packages_come_after_the_plugin_s_own_code(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    write_plugin(packages, "NAME = 'packaged_msgspec'", "msgspec.py")
    source = "import msgspec\n" + _ONE.format(name="A", base="Plugin", hook="a")
    write_plugin(tmp_path / "root", source.replace("'a'", "msgspec.NAME"))
    assert _offers(tmp_path / "root", site_packages=[str(packages)]) == ["packaged_msgspec"]


CONFIGURED = """
class Sample(Plugin):
    changes = []
    def on_load(self, context):
        {kept}
    def on_config_changed(self, config):
        self.changes.append([config, self.config, self.context.config])
        if config.get("bad"):
            raise ValueError("bad")
    @endpoint("/config")
    def show(self, request):
        return [self.config, self.changes]
"""


@pytest.mark.parametrize(
    ("kept", "fresh"),
    [
        ("pass", True),
        ("super().on_load(context)", True),
        ("self.config = context.config", True),
        ("self.config = dict(context.config)", False),
    ],
)
def test_a_changed_configuration_arrives(kept: str, fresh: bool, tmp_path: Path) -> None:
    old, new = {"a": 1}, {"a": 2}
    with running(tmp_path, CONFIGURED.format(kept=kept), config=old) as child:
        caller = child.conversation()
        assert caller.request("GET /config")[2] == [old, []]
        child.control.send(ConfigChanged(new, new))
        until(lambda: caller.request("GET /config")[2][1])
        config, changes = caller.request("GET /config")[2]
    assert config == (new if fresh else old)
    assert changes == [[new, config, new]]


def test_a_plugin_that_chokes_on_its_configuration_lives_on(tmp_path: Path) -> None:
    with running(tmp_path, CONFIGURED.format(kept="pass")) as child:
        child.control.send(ConfigChanged({"bad": True}, {}))
        record = child.gateway.records(1)[0]
        assert child.conversation().request("GET /config")[2][0] == {"bad": True}
    assert record["message"].startswith("on_config_changed raised")
    assert "ValueError: bad" in record["exception"]


WAITS = """
import threading
class Sample(Plugin):
    go = threading.Event()
    @hook("wait")
    def wait_here(self, data): self.go.wait(30)
    @hook("go")
    def let_go(self, data): self.go.set()
    @websocket_endpoint("/ws")
    def talk(self, ws):
        try:
            ws.send_json("hello")
            ws.receive_json()
        finally:
            self.logger.info("socket cleaned up")
    def on_unload(self):
        print("last words", end="")
        {last}
"""


def test_a_ping_tells_what_runs_and_where(tmp_path: Path) -> None:
    with running(tmp_path, WAITS.format(last="pass")) as child:
        caller = child.conversation()
        caller.begin("filter", "wait", {})
        calls = until(lambda: child.ping().calls)
        stacks = until(lambda: child.ping(with_stacks=True).stacks)
        assert child.ping().stacks == ""
        child.conversation().filter({}, "go")
        assert isinstance(caller.framed.receive(), Answer)
        assert child.ping(with_stacks=True).stacks == ""
    assert [(call.kind, call.target, call.deadline_ms) for call in calls] == [
        ("filter", "wait", 1000)
    ]
    assert stacks.startswith('Thread conversation-1:\n  File "plugin.py", line ')
    assert "in wait_here" in stacks


def test_a_plugin_that_hangs_in_on_load_still_answers_pings(tmp_path: Path) -> None:
    source = "import time\nclass A(Plugin):\n    def on_load(self, c): time.sleep(60)\n"
    with alive(write_plugin(tmp_path, source)) as child:
        child.begin_load()
        calls = until(lambda: child.ping().calls)
        stacks = until(lambda: child.ping(with_stacks=True).stacks)
    assert [(call.kind, call.target) for call in calls] == [("lifecycle", "on_load")]
    assert "in on_load" in stacks


def test_unload_lets_calls_finish_says_goodbye_and_exits(tmp_path: Path) -> None:
    with running(tmp_path, WAITS.format(last="pass")) as child:
        socket, waiting, idle = (child.conversation() for _ in range(3))
        socket.open_socket("/ws")
        assert socket.heard() == "hello"
        waiting.begin("filter", "wait", {})
        until(lambda: len(child.ping().calls) == 2)
        idle.begin("filter", "go", {})
        assert child.unload() == Unloaded("")
        assert isinstance(waiting.framed.receive(), Answer)
        ended = socket.heard()
        assert isinstance(ended, Close)
        assert ended.code == 1012  # the client may connect again, to whoever comes next
        assert isinstance(socket.heard(), Answer)
        assert child.exit_status() == 0
        expected = {"socket cleaned up", "last words"}
        until(lambda: {record["message"] for record in child.gateway.told} == expected)


@pytest.mark.parametrize(
    ("last", "problem"),
    [("1 / 0", "ZeroDivisionError: division by zero"), ("raise SystemExit", "SystemExit")],
)
def test_a_failing_on_unload_is_told(last: str, problem: str, tmp_path: Path) -> None:
    with running(tmp_path, WAITS.format(last=last)) as child:
        assert child.unload() == Unloaded(problem)
        assert child.exit_status() == 0


def test_a_call_that_outlasts_the_grace_period_is_told(tmp_path: Path) -> None:
    with running(tmp_path, WAITS.format(last="pass")) as child:
        child.conversation().begin("filter", "wait", {})
        until(lambda: child.ping().calls)
        child.control.send(Unload(10))
        problem = child.next_frame(want=Unloaded).problem
        assert problem == "calls were still running when the grace period ended"


def test_without_a_supervisor_the_process_ends_at_once(tmp_path: Path) -> None:
    with running(tmp_path, WAITS.format(last="while True: pass")) as child:
        caller = child.conversation()
        caller.begin("filter", "wait", {})
        until(lambda: child.ping().calls)
        child.control.close()
        assert child.exit_status() == 0
        with pytest.raises(WireClosed):
            caller.framed.receive()


def test_a_conversation_before_the_load_is_closed(tmp_path: Path) -> None:
    with alive(write_plugin(tmp_path, "class A(Plugin): ...")) as child:
        early, stranger = child.conversation(), child.hand("something else")
        with stranger, pytest.raises(WireClosed):
            early.framed.receive()
        assert isinstance(child.load(), Loaded)


def test_descriptors_that_nobody_asked_for_are_closed(tmp_path: Path) -> None:
    with running(tmp_path, "class A(Plugin): ...") as child:
        assert _closes_a_descriptor_beside_a_ping(child)
        assert child.ping().calls == []


def _closes_a_descriptor_beside_a_ping(child: Child) -> bool:
    with child.hand_beside_ping() as mine:
        return mine.recv(1) == b""


def test_print_and_dying_threads_reach_the_log(tmp_path: Path) -> None:
    source = """
    import logging, sys, threading
    class A(Plugin):
        def on_load(self, context):
            print("printed", 1)
            print("on stderr", file=sys.stderr)
            logging.getLogger("library").warning("from a library")
            thread = threading.Thread(target=lambda: 1 / 0, name="worker")
            thread.start()
            thread.join()
            sys.stdout.write("x" * 20_000)
            sys.stdout.flush()
    """
    with running(tmp_path, source) as child:
        records = child.gateway.records(7)
    said = [(each["logger"], each["level"], each["message"]) for each in records]
    assert said[:4] == [
        ("plugin.stdout", 20, "printed 1"),
        ("plugin.stderr", 40, "on stderr"),
        ("library", 30, "from a library"),
        ("plugin", 40, "worker raised and has ended"),
    ]
    assert [len(each["message"]) for each in records[4:]] == [8000, 8000, 4000]
