"""The plugin that the checks drive: it does what it is told and says what came of it."""

import datetime
import json

from plexichat_plugin_sdk import (
    Allow,
    Block,
    MessageBlocked,
    Plugin,
    background,
    broadcast,
    check_permission,
    current_event,
    emit_hook,
    endpoint,
    get_user_permissions,
    hook,
    require_permission,
    scheduled,
    send_message,
    websocket_endpoint,
)
from plexichat_plugin_sdk.cache import get_cache_client
from plexichat_plugin_sdk.config import get_config, update_config
from plexichat_plugin_sdk.database import get_db_connection
from plexichat_plugin_sdk.exceptions import PluginError, ValidationError
from plexichat_plugin_sdk.security import decrypt_data, encrypt_data, granted_capabilities


def told(work, *args, **kwargs):
    """What a call returns, or which of the SDK's errors it raises."""
    try:
        return shown(work(*args, **kwargs))
    except (PluginError, TimeoutError) as error:
        bases = sorted(
            base.__name__ for base in type(error).__mro__ if base.__module__ != "builtins"
        )
        return {"error": type(error).__name__, "bases": bases, "text": str(error)}


def shown(value):
    """A value as JSON that keeps its Python type."""
    if isinstance(value, list | tuple | set):
        items = sorted(value, key=repr) if isinstance(value, set) else value
        return [type(value).__name__, [shown(item) for item in items]]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, dict):
        return {str(key): shown(item) for key, item in value.items()}
    return [type(value).__name__, repr(value)]


class Subject(Plugin):
    """Hooks, endpoints, sockets and a job, and an endpoint for each part of the SDK."""

    def on_load(self, context):
        self.context = context
        self.seen = []
        self.changes = 0
        self.ticks = 0
        self.logger.info("loaded")

    def on_config_changed(self, config):
        self.changes += 1

    # --- Hooks ---

    @hook("message_sent")
    def filter(self, message: dict) -> dict | None:
        word, _, rest = message["content"].partition(" ")
        if word == "none":
            return None
        if word == "raise-block":
            raise MessageBlocked(rest)
        if word == "return-block":
            return Block(rest)
        if word == "allow":
            return Allow()
        if word == "crash":
            raise RuntimeError("a crash")
        if word == "nonsense":
            return 7
        if word == "empty":
            message["content"] = ""
        if word == "change":
            message.update(content=rest.upper(), extra=1, user_id="somebody", message_type="note")
        return message

    @hook("user_login")
    def logged_in(self, data):
        self.seen.append([data, current_event().attempt, current_event().hook])

    @hook("subject_asked")
    async def asked(self, data):
        self.seen.append([data, 1, "async"])

    @hook("user_logout")
    def fails(self, data):
        raise KeyError("no such")

    # --- Endpoints ---

    @endpoint("/api/v1/subject/echo/{name}", methods=["GET", "PUT", "POST"])
    def echo(self, request):
        parts = [request.method, request.path, request.path_params, request.params]
        headers = {name: request.headers[name] for name in request.headers if name[:2] == "x-"}
        body = shown(request.body)
        return {"parts": parts, "lists": request.params_list, "body": body, "headers": headers}

    @endpoint("/api/v1/subject/echo/fixed")
    def fixed(self, request):
        return "literal"

    @endpoint("/api/v1/subject/guarded", methods=["GET", "DELETE"])
    @require_permission("subject.read")
    @require_permission("subject.write")
    def guarded(self, request):
        return {"in": check_permission(request.user_id, "subject.read")}

    @endpoint("/api/v1/subject/answer", methods=["POST"])
    def answer(self, request):
        """An answer of each kind."""
        kind = request.body["kind"]
        if kind == "invalid":
            raise ValidationError("not like that")
        if kind == "refused":
            raise PermissionError("not you")
        if kind == "broken":
            raise RuntimeError("inside story")
        return {
            "dict": {"a": [1, None, "ü", 1.5]},
            "text": "plain",
            "bytes": b"\x00\xff",
            "none": None,
            "status": ({"made": True}, 201),
            "empty": (None, 204),
            "headers": ("x", 200, {"Content-Type": "text/csv", "Set-Cookie": "a=b", "ETag": '"1"'}),
            "date": {"at": datetime.date(2026, 1, 2)},
            "object": {"at": object()},
            "bad-status": ({}, 99),
            "bad-header": ({}, 200, {"Location": "//elsewhere.example"}),
        }[kind]

    # --- Sockets ---

    @websocket_endpoint("/ws/subject/{room}")
    def room(self, websocket):
        websocket.send_json({"hello": websocket.path_params["room"], "params": websocket.params})
        while True:
            said = websocket.receive_json()
            if said == "close":
                websocket.close(4001, "as you wish")
                return
            if said == "fail":
                raise RuntimeError("inside story")
            websocket.send_json({"echo": said})

    @websocket_endpoint("/ws/subject/async/{room}")
    async def async_room(self, websocket):
        while True:
            await websocket.send_json({"echo": await websocket.receive_json()})

    # --- Jobs ---

    @scheduled(every="10m")
    def tick(self):
        self.ticks += 1

    # --- The SDK's parts ---

    @endpoint("/api/v1/subject/do", methods=["POST"])
    def do(self, request):
        body = dict(request.body)
        return {"came": getattr(self, f"do_{body.pop('what')}")(**body)}

    def do_sql(self, statements, commit=True):
        """Run statements one after the other on one connection."""
        with get_db_connection() as conn:
            came = [told(self._run, conn, *statement) for statement in statements]
            if not commit:
                conn.rollback()
                return came
            return [*came, told(conn.commit)]

    def _run(self, conn, sql, parameters=None, how="all"):
        if isinstance(parameters, list):
            parameters = [self._value(value) for value in parameters]
        cursor = conn.cursor()
        if how == "many":
            cursor.executemany(sql, parameters)
            return cursor.rowcount
        cursor.execute(sql, parameters)
        if cursor.description is None:
            return {"rowcount": cursor.rowcount}
        names = [[column[0], column[1]] for column in cursor.description]
        rows = cursor.fetchall()
        return {"columns": names, "rows": [list(row) for row in rows], "count": cursor.rowcount}

    @staticmethod
    def _value(value):
        if isinstance(value, dict) and "moment" in value:
            return datetime.datetime.fromisoformat(value["moment"])
        if isinstance(value, dict) and "bytes" in value:
            return bytes.fromhex(value["bytes"])
        return value

    def do_script(self, name):
        """What takes more than statements."""
        return getattr(self, f"_script_{name}")()

    def _script_error_then_more(self):
        with get_db_connection() as conn:
            conn.execute("INSERT INTO things (name) VALUES (%s)", ("before",))
            first = told(conn.execute, "INSERT INTO things (name) VALUES (%s)", (None,))
            second = told(conn.execute, "SELECT 1")
            third = told(conn.commit)
            fourth = told(lambda: conn.execute("SELECT COUNT(*) FROM things").fetchone()[0])
        return [one["error"] if isinstance(one, dict) else one for one in (first, second)] + [
            third if third is None else third["error"],
            fourth,
        ]

    def _script_left_open(self):
        get_db_connection().execute("INSERT INTO things (name) VALUES (%s)", ("left open",))

    def _script_many_rows(self):
        with get_db_connection() as conn:
            cursor = conn.cursor()
            cursor.execute(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) "
                "SELECT i FROM n"
            )
            first = [cursor.fetchone(), len(cursor.fetchmany(4100))]
            return shown([*first, len(cursor.fetchall()), cursor.fetchone()])

    def _script_five_connections(self):
        connections = [get_db_connection() for _ in range(4)]
        for connection in connections:
            connection.execute("SELECT 1")
        for connection in connections:
            connection.close()
        return told(lambda: get_db_connection().execute("SELECT 1").fetchall())

    def _script_two_writers(self):
        with get_db_connection() as one:
            one.execute("SELECT COUNT(*) FROM things")
            with get_db_connection() as two:
                two.execute("INSERT INTO things (name) VALUES (%s)", ("two",))
            one.execute("INSERT INTO things (name) VALUES (%s)", ("one",))
        with get_db_connection() as conn:
            rows = conn.execute(
                "SELECT name FROM things WHERE name IN ('one', 'two') ORDER BY name"
            )
            return shown(rows.fetchall())

    def do_cache(self, calls, decode=False):
        cache = get_cache_client(decode_responses=decode)
        return [told(self._cached, cache, *call) for call in calls]

    @staticmethod
    def _cached(cache, name, args, options):
        return getattr(cache, name)(*args, **options)

    def do_cache_script(self):
        cache = get_cache_client()
        pipe = cache.pipeline()
        pipe.set("p", "1").incr("p").lpush("p", "x").get("p")
        replies = [
            type(reply).__name__ if isinstance(reply, Exception) else shown(reply)
            for reply in pipe.execute(raise_on_error=False)
        ]
        lock = cache.lock("l", timeout=5)
        taken = [lock.acquire(blocking=False), cache.lock("l", timeout=5).acquire(blocking=False)]
        lock.release()
        return [replies, taken, cache.lock("l", timeout=5).acquire(blocking=False)]

    def do_config(self, defaults=None, name=None):
        return told(get_config, name, defaults)

    def do_update_config(self, values, name="subject"):
        return [told(update_config, name, values), self.config["colour"], self.context.config]

    def do_permissions(self, user_id, permission):
        return [told(check_permission, user_id, permission), told(get_user_permissions, user_id)]

    def do_capabilities(self):
        return told(granted_capabilities)

    def do_crypto(self, text):
        tokens = [encrypt_data(text), encrypt_data(text)]
        opened = [decrypt_data(tokens[0]), shown(decrypt_data(encrypt_data(text.encode())))]
        begins = [token.split(".")[0] for token in tokens]
        forged = tokens[0][:20] + ("A" if tokens[0][20] != "A" else "B") + tokens[0][21:]
        wrong = [told(decrypt_data, bad) for bad in ("nonsense", tokens[0][:20], forged, 5)]
        return [tokens[0] != tokens[1], opened, begins, wrong]

    def do_crypto_large(self):
        fits = decrypt_data(encrypt_data("x" * 128 * 1024))
        return [len(fits), told(encrypt_data, "x" * (128 * 1024 + 1))]

    def do_emit(self, name, payload):
        return told(emit_hook, name, payload)

    def do_send(self, **message):
        return told(send_message, **message)

    def do_broadcast(self, path, data, user_ids=None):
        return told(broadcast, path, data, user_ids=user_ids)

    def do_background(self, fails):
        task = background(self._work, fails)
        try:
            return task.result(10)
        except ZeroDivisionError:
            return "failed"

    def _work(self, fails):
        with get_db_connection() as conn:
            conn.execute("SELECT 1")
        return 1 / 0 if fails else "done"

    def do_log(self):
        self.logger.debug("not seen")
        self.logger.warning("seen %s", "well", extra={"fact": {"n": 1}, "name": "taken"})
        try:
            raise RuntimeError("on purpose")
        except RuntimeError:
            self.logger.exception("it raised")

    def do_state(self):
        state = [json.loads(json.dumps(self.seen)), self.changes, self.ticks]
        self.seen = []
        return state

    def do_identity(self):
        who = [self.name, self.version, self.description, self.metadata]
        return [*who, self.context.name, self.config]
