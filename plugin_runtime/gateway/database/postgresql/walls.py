"""The second wall on PostgreSQL: names that a plugin's statement may not hold.

The first is the role, which has rights in its own schema only. But every role may read the
catalogs and call hundreds of functions: sleep, take locks by number, keep large objects, run SQL
given as text, change its own limits. None of that can be withheld from one role alone, so here
it is refused by name. That is complete, because no statement we let through can make a name out of
a text: `DO`, `EXECUTE`, `CREATE FUNCTION` and the functions that run SQL are all out, and so are
`U&""` names.
"""

from __future__ import annotations

import re

from plexichat.chat.data_views import VIEWS as CORE_VIEWS
from plexichat_plugin_sdk._answers.sql.statements import Statement, StatementRefused

from .names import VIEWS, schema_of

#: Refused wherever they are names, each with what is to be said of it.
_REFUSED = {
    "the server's own catalogs and functions": (
        r"pg_.*|information_schema|(col|obj|shobj)_description|row_security_active"
        r"|has_\w+_privilege|acl\w+|makeaclitem|amvalidate|plpgsql_\w+|binary_upgrade_\w+"
        r"|brin_(de)?summarize\w*|gin_clean_pending_list|currtid\w*|txid_\w+"
        r"|inet_(client|server)_(addr|port)"
    ),
    "the server's settings": r"set_config|current_setting|current_query",
    "names of other things read from text": (
        r"reg(class|collation|namespace|oper|operator|proc|procedure|role|type)|to_reg\w+"
    ),
    "SQL given as text": (
        r"(query|table|schema|database|cursor)_to_xml\w*|ts_stat|ts_rewrite|dblink\w*|\w+_fdw\w*"
    ),
    "large objects; use bytea": r"lo_\w+|loread|lowrite",
    # libxml neither hears a deadline nor a cancellation.
    "XML; use JSON or text": (
        r"xml|xml_is_well_formed\w*|xmltable|xmlparse|xmlexists|xmlelement|xmlforest|xmlagg"
        r"|xmlconcat2?|xmlcomment|xmlpi|xmlroot|xmlserialize|xmltext|xmlvalidate|xpath|xpath_exists"
    ),
}
_WHICH = {what: re.compile(pattern) for what, pattern in _REFUSED.items()}
_ANY = re.compile("|".join(_REFUSED.values()))
#: Refused as a pair: the first is a fine name for a column.
_PAIRS = {
    ("set", "schema"): "a table stays in the plugin's own schema",
    ("owner", "to"): "a plugin's tables are its own",
    ("set", "tablespace"): "where tables are stored is the host's business",
    ("into", "temp"): "temporary tables are not available",
    ("into", "temporary"): "temporary tables are not available",
    ("into", "local"): "temporary tables are not available",
    ("into", "global"): "temporary tables are not available",
    ("into", "unlogged"): "unlogged tables are not available",
}
_VIEW = frozenset({("create", "view"), ("replace", "view")})
_FOREIGN = re.compile(r"public|plugin_.*|plexichat_.*")


def is_refused(name: str) -> bool:
    """Whether a statement that holds this name is refused."""
    return _ANY.fullmatch(name) is not None


def check(statement: Statement, plugin: str) -> None:
    """Raise `StatementRefused` when a statement holds what no plugin may name."""
    for name in statement.names:
        if is_refused(name):
            what = next(what for what, which in _WHICH.items() if which.fullmatch(name))
            raise StatementRefused(f"{name!r} is not for plugins' SQL ({what})")
    for pair, why in _PAIRS.items():
        if pair in statement.followed:
            raise StatementRefused(f"{' '.join(pair).upper()} is not for plugins' SQL: {why}")
    if statement.followed & _VIEW and statement.names & CORE_VIEWS.keys():
        # It could not outlive the core's, which go whenever the chat's tables change.
        raise StatementRefused("a plugin's view cannot show the chat's views; SELECT from them")
    allowed = (schema_of(plugin), VIEWS)
    for name, after in statement.followed:
        if after == "." and _FOREIGN.fullmatch(name) and name not in allowed:
            raise StatementRefused(f"the schema {name!r} is not the plugin's")
