"""The address of every plugin endpoint; the shell mounts it after everything else."""

from __future__ import annotations

from django.urls import re_path

from .views import PluginEndpoint

urlpatterns = [re_path(r"^(?P<path>api/.*)$", PluginEndpoint.as_view(), name="plugin-endpoint")]
