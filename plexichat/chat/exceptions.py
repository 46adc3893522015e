"""What may go wrong in the chat, each with the code that clients see."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

#: Field name → what is wrong with it, one sentence each.
FieldErrors = Mapping[str, Sequence[str]]


class ChatError(Exception):
    """The chat refused. Its text is meant for the client and says what to do."""

    code = "chat_error"


class Invalid(ChatError):
    """The request does not make sense; `errors` names every field at fault."""

    code = "invalid"

    def __init__(self, errors: FieldErrors) -> None:
        self.errors = {name: list(problems) for name, problems in errors.items()}
        super().__init__(
            "; ".join(f"{name}: {' '.join(problems)}" for name, problems in self.errors.items())
        )


class NotFound(ChatError):
    """There is no such thing, or the user may not know that there is."""

    code = "not_found"


class PermissionDenied(ChatError):
    """The user sees the thing but may not do this to it."""

    code = "permission_denied"


class NotAMember(PermissionDenied):
    """Only members of the channel may do this."""

    code = "not_a_member"


class Conflict(ChatError):
    """The thing's nature forbids it, whoever asks."""

    code = "conflict"


class TooFast(ChatError):
    """The user posts faster than the server's rate allows; `wait` is in seconds."""

    code = "throttled"

    def __init__(self, wait: float) -> None:
        self.wait = max(1, math.ceil(wait))
        super().__init__(f"You post too fast. Try again in {self.wait} s.")


class WrongCredentials(ChatError):
    """No active account has this user name and password."""

    code = "wrong_credentials"
