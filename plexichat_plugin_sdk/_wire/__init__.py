"""The wire: what host and sandbox say to each other, and how it looks in bytes.

A frame is a four-byte big-endian length and that many bytes of MessagePack. Every frame is one
of the records in `conversation`, `control` or `questions`; which of the three families may
appear is decided by the socket it travels on, and anything else ends the connection. Both sides
import this package, so they cannot disagree. It is the only place that knows the codec: public
modules of the SDK never import it, so that the SDK alone depends on nothing.
"""

from __future__ import annotations

#: Both sides name it in their first frame and refuse another one.
WIRE_VERSION = 1
#: One frame, length prefix not counted. Larger ones end the connection: whoever sent one is
#: broken or hostile. Request bodies are limited well below it.
MAX_FRAME_BYTES = 8 * 1024 * 1024
