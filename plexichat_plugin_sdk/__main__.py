"""`python -m plexichat_plugin_sdk VERB`: the same as `plexichat-plugin VERB`."""

from __future__ import annotations

import sys

from ._cli.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
