"""The probe believes what it saw."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import pytest

from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox import probe as probing
from plugin_runtime.sandbox.canary import _ATTEMPTS
from plugin_runtime.sandbox.confine import policy
from plugin_runtime.sandbox.layers import Level
from plugin_runtime.sandbox.probe import Probe, probe
from plugin_runtime.sandbox.zygote.client import ZygoteFailed, start_zygote


def test_this_machine_is_probed_quickly(machine: Probe) -> None:
    started = time.monotonic()

    found = probe()

    assert time.monotonic() - started < 5  # measured: 0.2 s on an idle machine
    assert found.layers == machine.layers
    assert found.level >= Level.ISOLATED
    assert set(found.layers) <= {*layer.SELF_APPLIED, *layer.SUPERVISED}


def test_a_filter_that_lets_through_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    leaky = policy.compile_own_pid_program(1)
    monkeypatch.setattr("plugin_runtime.sandbox.plan.compile_program", lambda **_: leaky)

    found = probe()

    assert layer.SECCOMP not in found.layers
    assert any("seccomp does not hold: sockets can be opened" in note for note in found.notes)
    assert layer.LANDLOCK in found.layers


def test_a_layer_that_cannot_be_applied_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin_runtime.sandbox.plan.compile_program", lambda **_: b"nonsense")

    found = probe()

    assert layer.SECCOMP not in found.layers
    assert any("seccomp could not be applied" in note for note in found.notes)


def test_without_namespaces_everything_else_still_holds(
    machine: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*, layers: Any = (), runner: str) -> Any:
        if layer.PID_NAMESPACE in layers:
            raise ZygoteFailed("pid_namespace could not be entered", layer=layer.PID_NAMESPACE)
        return start_zygote(layers=layers, runner=runner)

    monkeypatch.setattr(probing, "start_zygote", refuse)

    found = probe()

    assert {layer.LANDLOCK, layer.SECCOMP, layer.RLIMITS} <= set(found.layers)
    assert not any(name.endswith("_namespace") for name in found.layers)
    assert layer.DISK_WATCH in found.layers
    assert (found.cgroups is None) == (machine.cgroups is None)


def test_an_own_user_that_cannot_read_python_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    candidates = [layer.RLIMITS, layer.OWN_UID, layer.NO_NEW_PRIVS, layer.LANDLOCK, layer.SECCOMP]
    monkeypatch.setattr(probing, "_candidates", lambda: candidates)
    monkeypatch.setattr("plugin_runtime.sandbox.plan._SYSTEM_FOLDERS", ())
    monkeypatch.setattr("sysconfig.get_path", lambda _: "/nonexistent")

    found = probe()

    assert layer.OWN_UID not in found.layers
    assert any("an honest plugin could not run" in note for note in found.notes)


def test_other_systems_have_no_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    found = probe()

    assert found.layers == ()
    assert found.level is Level.NONE
    assert found.notes == ("sandboxes need Linux; this is darwin",)


@pytest.mark.parametrize("name", _ATTEMPTS)
def test_the_canary_gets_out_where_a_layer_is_missing(name: str, tmp_path: Any) -> None:
    """Run unconfined: each attempt must succeed, or its silence would prove nothing."""
    secret = tmp_path / "secret"
    secret.touch()
    facts = {
        "secret": str(secret),
        "pid": os.getpid(),
        "uid": 12345,
        "plugin": "canary",
        "open_files": 7,
        "memory_bytes": 1,
    }
    assert _ATTEMPTS[name](facts) != ""


def test_a_zygote_that_is_killed_meanwhile_says_nothing_of_the_machine(
    machine: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, started = probing.start_zygote, []

    def killed_at_first(**terms: Any) -> Any:
        started.append(terms)
        if len(started) == 1:
            raise ZygoteFailed("the zygote has gone")
        return real(**terms)

    monkeypatch.setattr(probing, "start_zygote", killed_at_first)

    assert probe().layers == machine.layers
