"""The product's addresses and a bare view to compare with."""

from __future__ import annotations

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plexichat import urls


class Bare(APIView):
    """Logs in, parses JSON and answers JSON, with no plugin behind it."""

    def post(self, request: Request) -> Response:
        """Send back what came."""
        return Response(request.data)


urlpatterns = [path("api/v1/bare", Bare.as_view()), *urls.urlpatterns]
