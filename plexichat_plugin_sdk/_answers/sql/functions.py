"""The SQL functions that a plugin may call on SQLite: a list of what is harmless.

A list of what is allowed, since the library at hand may have been built with anything.
"""

from __future__ import annotations

_CORE = """
    abs changes char coalesce concat concat_ws format glob hex if ifnull iif instr
    last_insert_rowid length like likelihood likely lower ltrim max min nullif octet_length
    printf quote random randomblob replace round rtrim sign soundex substr substring total_changes
    trim typeof unhex unicode unlikely upper zeroblob now
"""
_DATES = """
    current_date current_time current_timestamp date datetime julianday strftime time timediff
    unixepoch
"""
_GROUPS = """
    avg count group_concat string_agg sum total cume_dist dense_rank first_value lag last_value
    lead nth_value ntile percent_rank rank row_number
"""
_MATHS = """
    acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10
    log2 mod pi pow power radians sin sinh sqrt tan tanh trunc
"""
_JSON = """
    json json_array json_array_length json_extract json_error_position json_group_array
    json_group_object json_insert json_object json_patch json_pretty json_quote json_remove
    json_replace json_set json_type json_valid -> ->>
"""
ALLOWED = frozenset(f"{_CORE} {_DATES} {_GROUPS} {_MATHS} {_JSON}".split())
#: What may stand in FROM without being a table.
TABLE_FUNCTIONS = frozenset({"json_each", "json_tree"})
