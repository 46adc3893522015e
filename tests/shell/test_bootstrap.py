"""The first minute: what is decided before anything is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from plexichat import bootstrap


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `.venv` of a folder with two locks."""
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    for name in ("runtime", "test"):
        (requirements / f"{name}.txt").write_text(f"{name}==1\n")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", requirements)
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    return tmp_path / ".venv"


@pytest.fixture
def steps(environment: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a set-up did, with the parts that reach outside replaced."""
    done: list[str] = []

    def make() -> None:
        done.append("environment")
        bootstrap.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        bootstrap.PYTHON.touch()

    monkeypatch.setattr(bootstrap, "_make_environment", make)
    monkeypatch.setattr(bootstrap, "_install_uv", lambda: done.append("uv"))
    monkeypatch.setattr(bootstrap, "_install", done.append)
    return done


@pytest.mark.parametrize(
    ("argv", "pins"),
    [
        pytest.param(["manage.py"], "runtime", id="nothing"),
        pytest.param(["manage.py", "run"], "runtime", id="run"),
        pytest.param(["manage.py", "test", "-k", "x"], "test", id="test"),
        pytest.param(["manage.py", "bench"], "test", id="bench"),
        pytest.param(["manage.py", "setup"], "runtime", id="setup"),
        pytest.param(["manage.py", "setup", "test"], "test", id="setup test"),
        pytest.param(["manage.py", "plugin", "test"], "runtime", id="a plugin called test"),
    ],
)
def test_each_verb_asks_for_its_pins(argv: list[str], pins: str) -> None:
    assert bootstrap.wanted_pins(argv) == pins


def test_a_system_python_gets_our_environment() -> None:
    assert bootstrap.installs_for("/usr", "/usr", {})


def test_a_users_own_environment_is_left_alone() -> None:
    assert not bootstrap.installs_for("/home/ada/venv", "/usr", {})


def test_our_own_environment_is_kept_up_to_date() -> None:
    assert bootstrap.installs_for(str(bootstrap.ENVIRONMENT), "/usr", {})


def test_the_variable_forbids_all_installing() -> None:
    assert not bootstrap.installs_for("/usr", "/usr", {"PLEXICHAT_NO_BOOTSTRAP": "1"})
    assert bootstrap.installs_for("/usr", "/usr", {"PLEXICHAT_NO_BOOTSTRAP": "0"})


def test_a_set_up_runs_once(environment: Path, steps: list[str]) -> None:
    bootstrap.set_up("runtime")
    bootstrap.set_up("runtime")
    assert steps == ["environment", "uv", "runtime"]
    assert bootstrap.is_ready("runtime")
    assert not bootstrap.is_ready("test")


def test_the_test_pins_serve_the_runtime_too(environment: Path, steps: list[str]) -> None:
    bootstrap.set_up("test")
    assert bootstrap.is_ready("test")
    assert bootstrap.is_ready("runtime")


def test_another_lock_is_installed_again(environment: Path, steps: list[str]) -> None:
    bootstrap.set_up("runtime")
    (bootstrap.REQUIREMENTS / "runtime.txt").write_text("runtime==2\n")
    assert not bootstrap.is_ready("runtime")
    bootstrap.set_up("runtime")
    assert steps.count("runtime") == 2


def test_an_interrupted_set_up_is_done_again(
    environment: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(pins: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "_install", cut_off)
        with pytest.raises(KeyboardInterrupt):
            bootstrap.set_up("runtime")
    assert not bootstrap.is_ready("runtime")
    bootstrap.set_up("runtime")
    assert bootstrap.is_ready("runtime")


def test_an_environment_whose_python_is_gone_is_not_ready(
    environment: Path, steps: list[str]
) -> None:
    bootstrap.set_up("runtime")
    bootstrap.PYTHON.unlink()
    assert not bootstrap.is_ready("runtime")


def test_a_folder_that_cannot_be_written_is_named(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.write_text("in the way")
    with pytest.raises(bootstrap.SetupFailed, match=r"cannot write to .*\.venv"):
        bootstrap.set_up("runtime")


def test_pips_settings_reach_uv() -> None:
    listing = (
        "global.index-url='https://a.example/simple'\n"
        "global.extra-index-url='https://b.example/simple'\n"
        ":env:.find-links='/wheels /more'\n"
        "install.user='true'\n"
    )
    assert bootstrap.uv_settings(listing, {}) == {
        "UV_DEFAULT_INDEX": "https://a.example/simple",
        "UV_INDEX": "https://b.example/simple",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_what_the_user_told_uv_itself_wins() -> None:
    listing = "global.index-url='https://a.example/simple'\n"
    assert bootstrap.uv_settings(listing, {"UV_DEFAULT_INDEX": "https://mine.example"}) == {}


def test_no_pip_settings_mean_no_uv_settings() -> None:
    assert bootstrap.uv_settings("", {}) == {}


def test_without_pip_and_ensurepip_the_user_learns_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(bootstrap.SetupFailed, match="apt-get install python3-pip"):
        bootstrap._pip()


def test_bootstrap_needs_the_standard_library_only() -> None:
    # -S and -I: no site-packages at all.
    root = str(bootstrap.ROOT)
    code = f"import sys; sys.path.insert(0, {root!r}); import plexichat.bootstrap"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, timeout=60)


def test_an_old_python_is_refused_in_a_sentence() -> None:
    code = (
        "import sys, runpy; sys.version_info = (3, 8, 10); sys.argv = ['manage.py', 'run'];"
        "runpy.run_path('manage.py', run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=bootstrap.ROOT,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("PlexiChat needs Python 3.11 or newer, and this is 3.8.")
    assert "python3.11 manage.py run" in ended.stderr


def test_manage_py_parses_on_very_old_pythons() -> None:
    compile((bootstrap.ROOT / "manage.py").read_text(), "manage.py", "exec", dont_inherit=True)
    assert "from __future__" not in (bootstrap.ROOT / "manage.py").read_text()


@pytest.mark.parametrize("is_forgetful", [True, False], ids=["keeps nothing", "keeps it"])
def test_packages_are_compiled_for_a_python_that_keeps_no_bytecode(
    environment: Path, monkeypatch: pytest.MonkeyPatch, is_forgetful: bool
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "_run", lambda command, **_: commands.append(command))
    monkeypatch.setattr(bootstrap, "_pip_settings", lambda: "")
    monkeypatch.setattr(sys, "dont_write_bytecode", is_forgetful)
    bootstrap._install("runtime")
    assert ("--compile-bytecode" in commands[0]) is is_forgetful
