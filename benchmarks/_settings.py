"""The product's settings for a measured host: one more address, and no rates that end the run."""

from __future__ import annotations

from plexichat.settings import *  # noqa: F403 - the product as it is, whatever it sets

ROOT_URLCONF = "benchmarks._urls"
PLEXICHAT_PLUGIN_RATE = "1000000/s"
PLEXICHAT_POST_RATE = "1000000/s"
