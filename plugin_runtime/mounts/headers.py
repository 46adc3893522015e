"""What a plugin may know of a request's head: parameters and headers, without credentials.

A plugin is hostile: with a user's token or cookie it could act as that user anywhere. It does
not see hop-by-hop fields either, nor what proxies tell the host about the inside of the house.
"""

from __future__ import annotations

from django.http import QueryDict

from plexichat_plugin_sdk._answers.http import HIDDEN_PARAMETERS, visible_headers

__all__ = ["visible_headers", "visible_params"]


def visible_params(query: str | bytes) -> dict[str, str | list[str]]:
    """Return the query parameters a plugin may see; a repeated one as the list of its values.

    Raises `TooManyFieldsSent` beyond Django's `DATA_UPLOAD_MAX_NUMBER_FIELDS`.
    """
    return {
        name: values[0] if len(values) == 1 else values
        for name, values in QueryDict(query).lists()
        if name.lower() not in HIDDEN_PARAMETERS
    }
