"""`plexichat-plugin`: keys, signatures, archives and catalogues, as servers understand them."""

from __future__ import annotations

import base64
import importlib.metadata
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root, Targets

from plexichat_plugin_sdk._cli import packing, publish
from plexichat_plugin_sdk._cli.__main__ import VERBS, main
from plexichat_plugin_sdk._cli.failure import Failure
from plexichat_plugin_sdk._cli.repository import Repository
from plugins_registry.package.destination import Destination
from plugins_registry.package.folder import copy_folder
from plugins_registry.package.paths import IGNORED_NAMES, IGNORED_SUFFIXES
from plugins_registry.signing.envelope import PAYLOAD_TYPE, key_id_of, read_public_key
from plugins_registry.signing.verifying import TrustedKey, verify

MANIFEST = """\
plugin:
  name: demo
  version: 1.10
  author: Ada
  description: |
    Counts words.
    In every message.
metadata: {category: fun, tags: [a, b], icon: "#"}
dependencies: {core: ">=2.0.0"}
permissions: {required: [send_message], optional: [user_data_read]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "demo"
    (root / "inner" / "__pycache__").mkdir(parents=True)
    (root / "plugin.yaml").write_text(MANIFEST)
    (root / "plugin.py").write_text("x = 1\n")
    (root / "inner" / "more.py").write_text("y = 2\n")
    (root / "inner" / "__pycache__" / "more.pyc").write_bytes(b"left by a tool")
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the command line; what it wrote when it succeeded."""

    def _run(*arguments: object) -> str:
        assert main([str(each) for each in arguments]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return _run


@pytest.fixture
def fails(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the command line; what it wrote when it failed."""

    def _fails(*arguments: object) -> str:
        assert main([str(each) for each in arguments]) == 1
        return capsys.readouterr().err

    return _fails


def public_key(told: str) -> str:
    return told.rpartition("public key: ")[2].strip()


# --- Keys and signatures ----------------------------------------------------------------------


def test_what_it_signs_servers_trust(folder: Path, tmp_path: Path, run: Callable[..., str]) -> None:
    told = run("keygen", tmp_path / "me.pem")
    public = read_public_key(public_key(told))
    assert key_id_of(public) in told
    run("sign", folder, "--key", tmp_path / "me.pem")
    package = packing.read_package(folder)
    found = verify(
        "demo",
        "1.10",
        package.signed_files,
        signature=(folder / "plugin.sig").read_bytes(),
        find_key=lambda key_id: TrustedKey(key_id=key_id, publisher="Ada", key=public),
    )
    assert (found.state, found.publisher, found.problems) == ("trusted", "Ada", ())
    assert json.loads((folder / "plugin.sig").read_bytes())["payloadType"] == PAYLOAD_TYPE


def test_it_counts_the_files_that_servers_count(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    destination = Destination(tmp_path / "copy")
    copy_folder(folder, destination)
    package = packing.read_package(folder)
    assert package.digest == destination.digest()
    assert package.signed_files == {file.path: file.sha256 for file in destination.files}
    assert (packing._IGNORED, packing._IGNORED_SUFFIXES) == (IGNORED_NAMES, IGNORED_SUFFIXES)


def test_a_private_key_is_its_owners_and_stays(
    tmp_path: Path, run: Callable[..., str], fails: Callable[..., str]
) -> None:
    path = tmp_path / "keys" / "me.pem"
    run("keygen", path)
    written = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "a lost key cannot be replaced, so it stays" in fails("keygen", path)
    assert path.read_bytes() == written


def test_verify_tells_the_signed_from_the_altered(
    folder: Path, tmp_path: Path, run: Callable[..., str], fails: Callable[..., str]
) -> None:
    key = public_key(run("keygen", tmp_path / "me.pem"))
    other = public_key(run("keygen", tmp_path / "other.pem"))
    assert "it is not signed" in fails("verify", folder, "--key", key)
    run("sign", folder, "--key", tmp_path / "me.pem")
    run("pack", folder, "-o", tmp_path / "demo.zip")
    assert "demo 1.10 is what" in run("verify", tmp_path / "demo.zip", "--key", key)
    assert "was not signed with this key" in fails("verify", folder, "--key", other)
    (folder / "plugin.py").write_text("x = 2\n")
    assert "not those that were signed" in fails("verify", folder, "--key", key)
    (folder / "plugin.sig").write_text('{"payload": "' + base64.b64encode(b"[]").decode() + '"}')
    assert "cannot be read; sign it anew" in fails("verify", folder, "--key", key)


@pytest.mark.parametrize("content", [b"", b"no key", b"\0\xff"])
def test_what_is_no_key_is_refused(
    content: bytes, folder: Path, tmp_path: Path, fails: Callable[..., str]
) -> None:
    (tmp_path / "bad.pem").write_bytes(content)
    assert "holds no private key" in fails("sign", folder, "--key", tmp_path / "bad.pem")
    assert "there is no key" in fails("sign", folder, "--key", tmp_path / "none.pem")
    assert "is not a public key" in fails("verify", folder, "--key", "AAAA")


# --- Archives ---------------------------------------------------------------------------------


def test_the_same_files_are_the_same_archive(
    folder: Path, tmp_path: Path, run: Callable[..., str]
) -> None:
    assert "demo-1.10.zip: demo 1.10, 3 files, not signed" in run("pack", folder)
    first = (tmp_path / "demo-1.10.zip").read_bytes()
    os.utime(folder / "plugin.py", (0, 0))
    run("pack", folder, "-o", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "again.zip") as archive:
        assert archive.namelist() == ["inner/more.py", "plugin.py", "plugin.yaml"]


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        (None, "there is no plugin.yaml"),
        ("[", "cannot be read"),
        ("- a", "holds no sections"),
        ("plugin: {name: demo}", "plugin.version must be a text"),
    ],
)
def test_a_package_without_a_name_and_version_is_refused(
    manifest: str | None, sentence: str, folder: Path, fails: Callable[..., str]
) -> None:
    if manifest is None:
        (folder / "plugin.yaml").unlink()
    else:
        (folder / "plugin.yaml").write_text(manifest)
    assert sentence in fails("pack", folder)


def test_links_are_not_followed(folder: Path, fails: Callable[..., str]) -> None:
    (folder / "link").symlink_to("/etc/hostname")
    assert "link is a link" in fails("pack", folder)


# --- Catalogues -------------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path: Path, run: Callable[..., str]) -> Path:
    run("keygen", "--catalogue", tmp_path / "keys")
    return tmp_path / "keys"


def index_of(catalogue: Path, keys: Path) -> dict[str, object]:
    read = Repository(catalogue, keys, now=datetime.now(UTC)).contents("index.json")
    assert read is not None
    return dict(json.loads(read))


def test_a_catalogue_says_of_each_release_what_its_manifest_says(
    folder: Path, keys: Path, tmp_path: Path, run: Callable[..., str]
) -> None:
    told = run("publish", tmp_path / "shop", "--keys", keys, "--packages", folder)
    assert "demo 1.10 is added, not signed by its publisher" in told
    (entry,) = index_of(tmp_path / "shop", keys)["plugins"]  # type: ignore[misc]
    (release,) = entry.pop("releases")
    assert entry == {
        **{"name": "demo", "summary": "Counts words.", "publisher": "Ada", "icon": "#"},
        **{"category": "fun", "tags": ["a", "b"]},
    }
    assert (release["version"], release["core"], release["capabilities"]) == (
        *("1.10", ">=2.0.0"),
        ["send_message", "user_data_read"],
    )
    assert release["digest"] == packing.read_package(folder).digest


def test_a_version_is_never_two_things(
    folder: Path, keys: Path, tmp_path: Path, run: Callable[..., str], fails: Callable[..., str]
) -> None:
    shop = ("publish", tmp_path / "shop", "--keys", keys, "--packages", folder)
    run(*shop)
    assert "was there already" in run(*shop)
    (folder / "plugin.py").write_text("x = 3\n")
    before = sorted((tmp_path / "shop").rglob("*"))
    assert "give the new contents a new version" in fails(*shop)
    assert sorted((tmp_path / "shop").rglob("*")) == before


def test_files_of_former_states_stay_for_those_who_read_them(
    keys: Path, folder: Path, tmp_path: Path, run: Callable[..., str]
) -> None:
    shop = tmp_path / "shop"
    run("publish", shop, "--keys", keys)
    before = {path: path.read_bytes() for path in shop.rglob("*.json") if path.name[0].isdigit()}
    run("publish", shop, "--keys", keys, "--packages", folder)
    assert all(path.read_bytes() == content for path, content in before.items())
    assert Metadata[Targets].from_file(str(shop / "metadata" / "2.targets.json")).signed.targets


def test_renewing_needs_the_timestamps_key_alone(
    keys: Path, folder: Path, tmp_path: Path, run: Callable[..., str], fails: Callable[..., str]
) -> None:
    shop = tmp_path / "shop"
    assert "there is no catalogue" in fails("publish", shop, "--keys", keys, "--renew")
    run("publish", shop, "--keys", keys, "--packages", folder)
    for role in ("root", "targets", "snapshot"):
        (keys / f"{role}.pem").unlink()
    run("publish", shop, "--keys", keys, "--renew")
    assert "there is no key" in fails("publish", shop, "--keys", keys)


def test_the_root_is_renewed_in_time_and_needs_its_key(
    keys: Path, tmp_path: Path, run: Callable[..., str]
) -> None:
    shop = tmp_path / "shop"
    options = ("--keys", str(keys))
    run("publish", shop, *options)
    (keys / "root.pem").rename(tmp_path / "offline.pem")
    later = Repository(shop, keys, now=datetime.now(UTC) + timedelta(days=100))
    later.publish({})
    late = Repository(shop, keys, now=datetime.now(UTC) + timedelta(days=300))
    with pytest.raises(Failure, match=r"put root\.pem into"):
        late.publish({})
    (tmp_path / "offline.pem").rename(keys / "root.pem")
    late.publish({})
    root = Metadata[Root].from_file(str(shop / "root.json")).signed
    assert (root.version, root.consistent_snapshot) == (2, True)


@pytest.mark.parametrize("which", ["", "demo==", "../x", "sha256:12"])
def test_blocks_name_a_release_and_a_reason(
    which: str, keys: Path, tmp_path: Path, run: Callable[..., str], fails: Callable[..., str]
) -> None:
    shop = ("publish", tmp_path / "shop", "--keys", keys)
    assert "names no release" in fails(*shop, "--block", which, "--reason", "bad")
    assert "say with --reason why" in fails(*shop, "--block", "demo==1.0")
    run(*shop, "--block", "demo==1.0", "--block", f"sha256:{'a' * 64}", "--reason", "bad")
    run(*shop, "--unblock", "demo==1.0")
    read = Repository(tmp_path / "shop", keys, now=datetime.now(UTC)).contents(publish.BLOCKS)
    assert json.loads(read or b"")["blocks"] == [{"digest": "a" * 64, "reason": "bad"}]


# --- The command itself -----------------------------------------------------------------------


def test_the_overview_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all(f"{verb} " in told for verb in VERBS)
    assert main([]) == 2


def test_it_says_what_is_missing_when_a_library_is(tmp_path: Path) -> None:
    """Without cryptography, the verbs that need it say so; nobody sees a traceback."""
    block = "import sys; sys.modules['cryptography'] = None; "
    program = block + "from plexichat_plugin_sdk._cli.__main__ import main; sys.exit(main())"
    ended = subprocess.run(
        [sys.executable, "-c", program, "keygen", str(tmp_path / "me.pem")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "needs the library 'cryptography'" in ended.stderr
    assert "pip install 'plexichat-plugin-sdk[publish]'" in ended.stderr


def test_the_command_is_installed_under_its_name() -> None:
    text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text()
    assert 'plexichat-plugin = "plexichat_plugin_sdk._cli.__main__:main"' in text
    assert importlib.metadata.version("tuf")
    called = [sys.executable, "-m", "plexichat_plugin_sdk", "--help"]
    assert b"publish" in subprocess.run(called, capture_output=True, check=True).stdout
