"""Manifests that are broken or hostile, each with the words that its author reads, and a twin."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = "plugin: {name: demo, version: 1.0.0}\n"


@dataclass(frozen=True, kw_only=True)
class BadManifest:
    """One manifest that is refused."""

    id: str
    text: str | bytes
    #: What the refusal says is wrong, and what to do about it.
    says: str
    advises: str
    #: The same with what was meant; None when nothing was.
    twin: str | None = None


def plugin(
    id: str, says: str, advises: str, *, name: str = "demo", version: str = "1.0.0", rest: str = ""
) -> BadManifest:
    """A bad value in the section `plugin:`."""
    text = f"plugin:\n  name: {name}\n  version: {version}\n{rest}"
    return BadManifest(id=id, text=text, says=says, advises=advises, twin=HEAD)


def section(id: str, bad: str, says: str, advises: str, good: str | None = None) -> BadManifest:
    """A bad value in another section."""
    twin = None if good is None else HEAD + good
    return BadManifest(id=id, text=HEAD + bad, says=says, advises=advises, twin=twin)


def package(id: str, requirement: str, says: str, advises: str, good: str = "") -> BadManifest:
    """A bad entry of `dependencies.packages`."""
    text = HEAD + f"dependencies:\n  packages:\n    - {requirement}\n"
    twin = HEAD + f"dependencies: {{plugins: []}}\n# {good}"
    return BadManifest(id=id, text=text, says=says, advises=advises, twin=twin)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b]\n"
LIKE_NUMPY = "write it like 'numpy>=1.21'"

YAML = (
    BadManifest(id="empty", text="", says="holds no sections", advises="expected at least 'plug"),
    BadManifest(id="list", text="- plugin", says="holds no sections", advises="expected at least"),
    BadManifest(id="utf16", text=HEAD.encode("utf-16"), says="not UTF-8", advises="save it as"),
    BadManifest(id="latin1", text=b"# caf\xe9\n", says="is not UTF-8", advises="save it as UTF-8"),
    BadManifest(id="nul", text=HEAD + "\0", says="cannot be read", advises="special characters"),
    section("alias bomb", BOMB, "anchors and aliases are not used", "repeat it", "hooks: []"),
    section("anchor", "hooks: &h [a]", "anchors and aliases", "repeat it", "hooks: [a]"),
    section("python tag", "hooks: !!python/name:os.system x", "tag", "remove it", "hooks: [x]"),
    section(
        "apply tag", "a: !!python/object/apply:os.system [id]", "the tag", "remove it", "hooks: []"
    ),
    section("own tag", "settings: {a: !env HOME}", "the tag '!env'", "remove it", "settings: {}"),
    section("two documents", "---\nhooks: []", "cannot be read", "expected a single", "hooks: []"),
    section("duplicate key", "hooks: [a]\nhooks: [b]", "stands here twice", "remove one", ""),
    section("key of a list", "? [a, b]\n: 1", "a key must be", "plain text", ""),
    section("tab", "hooks:\n\t- a", "cannot be read", "cannot start any token", "hooks:\n  - a"),
    section("depth", "settings: " + "[" * 40 + "]" * 40, "more than 16", "make it smaller", ""),
    section("values", "settings: [" + "1," * 6000 + "]", "more than 5000", "make it smaller", ""),
    section("size", "# " + "x" * 70_000, "larger than 64 KiB", "shorten it", "# " + "x" * 60_000),
)

VALUES = (
    BadManifest(id="no plugin", text="hooks: []", says="plugin: is missing", advises="every manif"),
    plugin("name climbs", "'../x' is not a plugin name", "like 'word_filter'", name="../x"),
    plugin("name upper", "'Demo' is not a plugin name", "lower-case", name="Demo"),
    plugin("name long", "is not a plugin name", "2 to 64", name="x" * 65),
    plugin("name of an app", "a name of the server itself", "choose another", name="auth"),
    plugin(
        "name of the SDK", "of the server itself", "choose another", name="plexichat_plugin_sdk"
    ),
    plugin(
        "name accented",
        "is not a plugin name",
        "write 2 to 64",
        name="d\N{LATIN SMALL LETTER E WITH ACUTE}mo",
    ),
    plugin("version word", "'latest' is not a version", "like '1.4.0'", version="latest"),
    plugin("version path", "'../1.0' is not a version", "like '1.4.0'", version="../1.0"),
    plugin("version list", "expected text", "got ['1']", version="[1]"),
    plugin(
        "entry call", "is not an entry point", "'module:Class'", rest="  entry_point: os.system(1)"
    ),
    plugin("entry path", "is not an entry point", "'module:Class'", rest="  entry_point: ../x:Y"),
    section(
        "cpu",
        "resources: {limits: {cpu: lots}}",
        "'lots' is not a quantity",
        "like '500m'",
        "resources: {limits: {cpu: 500m}}",
    ),
    section(
        "cpu zero", "resources: {limits: {cpu: 0}}", "is nothing at all", "greater than zero", ""
    ),
    section("cpu negative", "resources: {limits: {cpu: -1}}", "not a quantity", "like '500m'", ""),
    section(
        "memory words",
        "resources: {limits: {memory: 1 Gigabyte}}",
        "is not a quantity",
        "like '512Mi'",
        "resources: {limits: {memory: 1Gi}}",
    ),
    section(
        "memory tiny", "resources: {limits: {memory: 1Ki}}", "too little", "at least '16Mi'", ""
    ),
    section("memory infinite", "resources: {limits: {memory: .inf}}", "not a quantity", "like", ""),
    section("memory exponent", "resources: {limits: {memory: 1e99}}", "not a quantity", "like", ""),
    section(
        "core newer",
        "dependencies: {core: '>=99'}",
        "this server is 2.0.0",
        "use a release",
        "dependencies: {core: '>=2'}",
    ),
    section(
        "core words", "dependencies: {core: newest}", "not a version range", "like '>=2.0.0'", ""
    ),
    section(
        "python newer",
        "dependencies: {python: '>=9'}",
        "this server's Python",
        "use a release",
        "dependencies: {python: '>=3.8'}",
    ),
    section(
        "needs itself", "dependencies: {plugins: [demo]}", "cannot need itself", "remove it", ""
    ),
    section(
        "plugin address",
        "dependencies: {plugins: ['x @ file:///x']}",
        "more than a plugin's",
        "shorten",
        "",
    ),
    section(
        "plugin option",
        "dependencies: {plugins: ['-e x']}",
        "not a requirement",
        "like 'word_fil",
        "",
    ),
    section(
        "home script",
        "metadata: {homepage: 'javascript:x'}",
        "not a web address",
        "https://",
        "metadata: {homepage: 'https://a.example'}",
    ),
    section(
        "capability",
        "permissions: {required: ['rm -rf']}",
        "not a capability",
        "write it like",
        "permissions: {required: [user_data_read]}",
    ),
    section(
        "network all",
        "permissions: {required: ['network:*']}",
        "names no host",
        "write it like",
        "permissions: {required: ['network:a.example']}",
    ),
    section(
        "network hex",
        "permissions: {required: ['network:0x7f000001']}",
        "names no host",
        "like",
        "",
    ),
    section(
        "permission of the core",
        "permissions: {users: [auth.add_user]}",
        "the server's own app",
        "begin it with",
        "permissions: {users: [demo.read]}",
    ),
    section(
        "hook words",
        "hooks: ['rm -rf /']",
        "not a hook's name",
        "like 'message_sent'",
        "hooks: [message_sent]",
    ),
    section(
        "claims core",
        "endpoints: [/api/v1/users/me]",
        "cover the server's own",
        "choose another",
        "endpoints: [/api/v1/demo]",
    ),
    section(
        "claims everything", "endpoints: ['/api/{a}/{b}']", "cover the server's own", "choose", ""
    ),
    section(
        "claims the chat", "endpoints: [/ws/chat]", "the server's own '/ws/chat'", "choose", ""
    ),
    section(
        "claims admin", "endpoints: [/admin/login]", "does not begin with /api/", "put it below", ""
    ),
    section(
        "claims climbing", "endpoints: [/api/../admin]", "has the segment '..'", "write letters", ""
    ),
    section(
        "claims twice",
        "endpoints: ['/api/v1/d/{a}', '/api/v1/d/{b}']",
        "are the same paths",
        "keep one",
        "endpoints: ['/api/v1/d/{a}']",
    ),
    section(
        "bad schema",
        "settings_schema: {type: 7}",
        "settings_schema",
        "",
        "settings_schema: {type: object}",
    ),
    section(
        "secret default",
        "settings: {k: x}\n"
        "settings_schema: {type: object, properties: {k: {type: string, secret: true}}}",
        "is secret",
        "leave it out",
        "",
    ),
    section("hook count", "hooks: [" + "a," * 300 + "]", "at most 200 items", "got", ""),
)

PACKAGES = (
    package("option", "--index-url=https://evil.example", "is not a requirement", LIKE_NUMPY),
    package("short option", "'-r other.txt'", "is not a requirement", LIKE_NUMPY),
    package("editable", "'-e .'", "is not a requirement", LIKE_NUMPY),
    package("path", "./wheels/x.whl", "is not a requirement", LIKE_NUMPY),
    package("absolute path", "/etc/passwd", "is not a requirement", LIKE_NUMPY),
    package("url", "https://evil.example/x.whl", "is not a requirement", LIKE_NUMPY),
    package("direct url", "'x @ https://evil.example/x.whl'", "names an address", "name a package"),
    package("direct file", "'x @ file:///etc/passwd'", "names an address", "a version range"),
    package("git", "'x @ git+ssh://git@evil.example/x'", "names an address", "name a package"),
    package("line end", '"numpy\\n--index-url https://evil.example"', "is not seen", LIKE_NUMPY),
    package("marker", "'x; os_name == \"\N{LINE SEPARATOR}--pre\"'", "is not seen", LIKE_NUMPY),
    package("hash", "'x==1 --hash=sha256:00'", "is not a requirement", LIKE_NUMPY),
    package("comparing text", "'x===../../evil'", "compares versions as text", "write '=='"),
    package("our SDK", "plexichat-plugin-sdk>=1", "the server itself brings", "leave it out"),
    package("long", "x" * 301, "at most 300 characters", "got"),
)

BAD = (*YAML, *VALUES, *PACKAGES)
