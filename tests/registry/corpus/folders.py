"""Package folders that were made to harm, and signatures over something else."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.registry.signer import Signer, resigned_by

CODE = "from plexichat_plugin_sdk import Plugin, endpoint, hook, websocket_endpoint\n"


@dataclass(frozen=True, kw_only=True)
class BadFolder:
    """One package folder that is refused."""

    id: str
    #: Makes a good folder bad; is given a signer that is trusted.
    spoil: Callable[[Path, Signer], object]
    says: str
    advises: str


def files(id: str, contents: Mapping[str, str | bytes], says: str, advises: str) -> BadFolder:
    """Files that are added or replaced."""

    def spoil(folder: Path, _signer: Signer) -> None:
        for path, content in contents.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    return BadFolder(id=id, spoil=spoil, says=says, advises=advises)


def code(id: str, body: str, says: str, advises: str) -> BadFolder:
    """A plugin whose code contradicts a manifest that lists one hook and one path."""
    manifest = (
        "plugin: {name: demo, version: 1.0.0}\nhooks: [message_sent]\nendpoints: [/api/v1/demo]\n"
    )
    plugin = f"{CODE}\nclass Demo(Plugin):\n    @{body}\n    def handle(self, given): ...\n"
    return files(id, {"plugin.yaml": manifest, "plugin.py": plugin}, says, advises)


def link(name: str, target: str) -> Callable[[Path, Signer], None]:
    """A link among the files."""
    return lambda folder, _signer: (folder / name).symlink_to(target)


def changed(folder: Path, signer: Signer) -> None:
    """A file that was exchanged after it was signed."""
    signer.sign(folder)
    (folder / "plugin.py").write_text("evil = 1\n")


def added(folder: Path, signer: Signer) -> None:
    """A file that nobody signed."""
    signer.sign(folder)
    (folder / "sitecustomize.py").write_text("evil = 1\n")


def removed(folder: Path, signer: Signer) -> None:
    """A file that was signed and is gone."""
    (folder / "data.txt").write_text("x")
    signer.sign(folder)
    (folder / "data.txt").unlink()


def forged(folder: Path, signer: Signer) -> None:
    """Another key's signature in a trusted name."""
    Signer().sign(folder)
    resigned_by(folder, signer.key_id)


def no_manifest(folder: Path, _signer: Signer) -> None:
    """Only code."""
    (folder / "plugin.yaml").unlink()


def no_code(folder: Path, _signer: Signer) -> None:
    """Only a manifest."""
    (folder / "plugin.py").unlink()


FILES = (
    BadFolder(
        id="link", spoil=link("x", "/etc/passwd"), says="'x' is a link", advises="the file itself"
    ),
    BadFolder(
        id="link up", spoil=link("x", "../.."), says="'x' is a link", advises="put the file itself"
    ),
    BadFolder(
        id="link to nothing",
        spoil=link("x", "gone"),
        says="'x' is a link",
        advises="the file itself",
    ),
    BadFolder(
        id="pipe",
        spoil=lambda folder, _: os.mkfifo(folder / "pipe"),
        says="neither a file nor a folder",
        advises="remove it",
    ),
    BadFolder(id="no manifest", spoil=no_manifest, says="no plugin.yaml", advises="every plugin"),
    BadFolder(
        id="no code", spoil=no_code, says="there is no plugin.py", advises="put the plugin's"
    ),
    files("migration gap", {"migrations/0002_x.sql": ""}, "0001 is missing", "from 0001"),
    files("migration name", {"migrations/first.sql": ""}, "is not understood", "write it like"),
    files("migration bytes", {"migrations/0001_x.sql": b"\xff"}, "is not UTF-8", "save it as"),
    files("only a way back", {"migrations/0001_x.down.sql": ""}, "no migration forward", "undo"),
)
SIGNATURES = (
    BadFolder(id="changed", spoil=changed, says="'plugin.py' differs", advises="what was signed"),
    BadFolder(id="added", spoil=added, says="'sitecustomize.py' was added", advises="signed"),
    BadFolder(id="removed", spoil=removed, says="'data.txt' was signed", advises="is missing"),
    BadFolder(id="forged", spoil=forged, says="in the name of 'Ada'", advises="not from its key"),
    BadFolder(
        id="other release",
        spoil=lambda folder, signer: signer.sign(folder, version="2.0.0"),
        says="was made for demo 2.0.0",
        advises="this is demo 1.0.0",
    ),
    BadFolder(
        id="other plugin",
        spoil=lambda folder, signer: signer.sign(folder, name="other"),
        says="was made for other 1.0.0",
        advises="this is demo 1.0.0",
    ),
)
CONTRADICTIONS = (
    code("hook", "hook('user_login')", "plugin.py:4: it handles the hook", "add it to 'hooks:'"),
    code("path", "endpoint('/api/v1/x')", "plugin.py:4: it answers", "add it to 'endpoints:'"),
    code("socket", "websocket_endpoint('/ws/x')", "it answers '/ws/x'", "add it to 'endpoints:'"),
    code("core path", "endpoint('/api/v1/users')", "cover the server's own", "choose another"),
    code("bare path", "endpoint('/x')", "does not begin with /api/", "put it below one of them"),
)

BAD = (*FILES, *SIGNATURES, *CONTRADICTIONS)
