"""The documentation is true: its commands run, its links lead somewhere, its settings exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import get_commands, load_command_class

from plexichat.bootstrap import ROOT
from plexichat.chat.conf import ChatSettings
from plugins_registry.conf import RegistrySettings
from tests.running import Host, furnish
from tests.workers import free_port

DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = sorted({README, *DOCS.rglob("*.md")} - {DOCS / "plugin-api-reference.md"})
OPERATING = (DOCS / "operating.md").read_text()
SOURCES = ("plexichat", "plugins_registry", "plugin_runtime", "plexichat_plugin_sdk")
ADMIN_PASSWORD = "a long passphrase"
WORDS = (
    "plugin release manifest capability grant permission hook sandbox conversation delivery problem"
)
#: The registry's view of the user model is the project's business, not an operator's.
INTERNAL = {"PLEXICHAT_USER_ID_FIELD", "PLEXICHAT_PACKAGE_SOURCES"}
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:|#)([^)#\s]+)")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"PLEXICHAT_[A-Z][A-Z_]*[A-Z]")


def blocks(page: Path, language: str) -> list[str]:
    return [text for named, text in _BLOCK.findall(page.read_text()) if named == language]


def block_with(page: Path, words: str) -> str:
    (found,) = [text for text in blocks(page, "sh") if words in text]
    return found


# --- What can be read off ---------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    missing = [
        link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()
    ]
    assert missing == []


def test_the_index_names_every_page() -> None:
    linked = {(DOCS / link).resolve() for link in _LINK.findall((DOCS / "README.md").read_text())}
    assert set(DOCS.glob("*.md")) - linked == {DOCS / "README.md"}


def test_the_words_are_the_projects() -> None:
    table = README.read_text().partition("## The words")[2].partition("\n## ")[0]
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE) == ["word", *WORDS.split()]


def test_every_setting_that_is_read_is_documented() -> None:
    documented = set(re.findall(r"^\| `(PLEXICHAT_\w+)`", OPERATING, re.MULTILINE))
    assert sorted(settings_read() - documented) == []
    assert sorted(documented - settings_read()) == []


def settings_read() -> set[str]:
    texts = [path.read_text() for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    named = set(_NAME.findall("\n".join(texts)))
    mounts = (ROOT / "plugin_runtime/mounts/conf.py").read_text()
    named |= {f"PLEXICHAT_{name}" for name in re.findall(r'_setting\("(\w+)"', mounts)}
    for fields in (ChatSettings.__annotations__, RegistrySettings.__annotations__):
        named |= {f"PLEXICHAT_{name.upper()}" for name in fields}
    return named - INTERNAL


@pytest.mark.parametrize("name", sorted(set(_NAME.findall(OPERATING))))
def test_every_setting_can_be_set_by_an_operator(name: str) -> None:
    reading = ("settings.py", "bounds.py", "bootstrap.py", "management/commands/run.py")
    assert any(f'"{name}"' in (ROOT / "plexichat" / path).read_text() for path in reading)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    verbs = set(re.findall(r"manage\.py ([a-z]+)", page.read_text()))
    assert verbs <= {*get_commands(), "setup"}
    command: Any = load_command_class("plugins_registry", "plugin")
    plugin_verbs = set(re.findall(r"(?:manage\.py|`)\s?plugin ([a-z]+)", page.read_text()))
    told = command.create_parser("manage.py", "plugin").format_help()
    assert {verb for verb in plugin_verbs if not re.search(rf"^    {verb}\b", told, re.M)} == set()


def test_the_readme_names_every_verb() -> None:
    command: Any = load_command_class("plugins_registry", "plugin")
    told = command.create_parser("manage.py", "plugin").format_help()
    verbs = set(re.findall(r"^    ([a-z][a-z-]+)", told, re.MULTILINE))
    table = README.read_text().partition("| to | verbs |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z-]+)`", table)) == verbs


# --- What has to be tried ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def host(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    home = furnish(tmp_path_factory.mktemp("docs") / "home")
    with Host.running(home, free_port(), PLEXICHAT_ADMIN_PASSWORD=ADMIN_PASSWORD) as running:
        yield running


@pytest.fixture(scope="module")
def shell(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Run a block as a reader would, beside the running host; its output."""
    folder = tmp_path_factory.mktemp("reader")
    environment = {**os.environ, "PLEXICHAT_NO_BOOTSTRAP": "1", "PLEXICHAT_HOME": str(host.home)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    for name in ("PLEXICHAT_DATABASE_URL", "PLEXICHAT_REDIS_URL"):
        environment.pop(name, None)
    for page in (README, DOCS / "plugins.md"):
        unpack(page, folder)

    def run(block: str) -> str:
        script = block.replace("http://127.0.0.1:8000", host.url)
        script = script.replace("python3 manage.py", f"'{sys.executable}' '{ROOT}/manage.py'")
        ended = subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr + ended.stdout
        return ended.stdout

    return run


def unpack(page: Path, folder: Path) -> None:
    """Write the files of a page: blocks whose first line is a comment with a path."""
    for block in blocks(page, "yaml") + blocks(page, "python"):
        path = folder / block.partition("\n")[0].removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(block)


def client(host: Host, username: str, password: str) -> httpx.Client:
    login = {"username": username, "password": password}
    answer = httpx.post(f"{host.url}/api/v1/auth/login", json=login, timeout=20)
    token = {"Authorization": f"Bearer {answer.json()['token']}"}
    return httpx.Client(base_url=host.url, headers=token, timeout=20)


def test_ten_lines_lead_to_a_moderated_message(shell: Callable[[str], str]) -> None:
    said = shell(block_with(README, "auth/register"))
    assert '"content":"a **** fine day"' in said.replace('": "', '":"')
    assert "message_blocked" in said
    assert "viagra" in said


def test_the_readmes_plugin_answers_and_blocks(host: Host, shell: Callable[[str], str]) -> None:
    assert "hello is enabled and active" in shell(block_with(README, "install hello"))
    with client(host, "admin", ADMIN_PASSWORD) as admin:
        assert (
            admin.get("/api/v1/hello").json()["hello"]
            == admin.get("/api/v1/users/me").json()["user_id"]
        )
        refused = post(admin, "stop shouting")
    assert (refused.status_code, refused.json()["detail"]) == (422, "Please, not so loud.")


def test_the_authors_first_plugin_does_what_it_says(
    host: Host, shell: Callable[[str], str]
) -> None:
    said = shell(block_with(DOCS / "plugins.md", "install karma"))
    assert "can be installed" in said
    assert "karma is enabled and active" in said
    assert '"word": "cheers"' in said
    assert "counting" in said
    with client(host, "admin", ADMIN_PASSWORD) as admin:
        channel = post(admin, "cheers, all").json()["channel_id"]
        path = f"/api/v1/karma/{channel}"
        assert admin.get(path).json() == {"thanks": 1}
        assert admin.put(path, json={"thanks": "many"}).status_code == 400
        assert admin.put(path, json={"thanks": 7}).status_code == 201
        assert admin.get(path).json() == {"thanks": 7}


def post(user: httpx.Client, content: str) -> httpx.Response:
    made = user.post("/api/v1/channels", json={"name": "docs", "channel_type": "public"}).json()
    path = f"/api/v1/channels/{made['channel_id']}/messages"
    return user.post(path, json={"content": content})
