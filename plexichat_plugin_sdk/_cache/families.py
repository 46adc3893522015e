"""All families of commands together."""

from __future__ import annotations

from .hashes import Hashes
from .keys import KeysOfAnyType
from .lists import Lists
from .sets import Sets
from .sorted_sets import SortedSets
from .strings import Strings
from .values import Text


class AllCommands(
    Strings[Text],
    KeysOfAnyType[Text],
    Hashes[Text],
    Lists[Text],
    Sets[Text],
    SortedSets[Text],
):
    """Every command that is one command of the wire."""
