"""The OpenAPI document knows the chat."""

from __future__ import annotations

import pytest
from drf_spectacular.generators import SchemaGenerator

CALLS = [
    ("post", "/api/v1/auth/register", 201),
    ("post", "/api/v1/auth/login", 200),
    ("post", "/api/v1/auth/logout", 204),
    ("post", "/api/v1/auth/ws-ticket", 200),
    ("get", "/api/v1/users/me", 200),
    ("patch", "/api/v1/users/me", 200),
    ("get", "/api/v1/channels", 200),
    ("post", "/api/v1/channels", 201),
    ("get", "/api/v1/channels/{channel_id}", 200),
    ("post", "/api/v1/channels/{channel_id}/members", 201),
    ("delete", "/api/v1/channels/{channel_id}/members/{user_id}", 204),
    ("get", "/api/v1/channels/{channel_id}/messages", 200),
    ("post", "/api/v1/channels/{channel_id}/messages", 201),
    ("patch", "/api/v1/messages/{message_id}", 200),
    ("delete", "/api/v1/messages/{message_id}", 204),
]


@pytest.mark.django_db
def test_every_call_is_described_with_its_answers() -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    described = {
        (method, path): set(call["responses"])
        for path, calls in paths.items()
        for method, call in calls.items()
    }
    assert all(str(status) in described[method, path] for method, path, status in CALLS)
    listed = paths["/api/v1/channels/{channel_id}/messages"]["get"]
    assert {"before", "limit"} <= {parameter["name"] for parameter in listed["parameters"]}
    assert "422" in described["post", "/api/v1/channels/{channel_id}/messages"]


@pytest.mark.django_db
def test_the_document_is_made_without_a_doubt(capsys: pytest.CaptureFixture[str]) -> None:
    SchemaGenerator().get_schema(request=None, public=True)
    assert capsys.readouterr().err == ""


@pytest.mark.django_db
def test_the_document_says_how_to_log_in() -> None:
    document = SchemaGenerator().get_schema(request=None, public=True)
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert {"bearer": []} in document["paths"]["/api/v1/channels"]["get"]["security"]
    assert "security" not in document["paths"]["/api/v1/auth/login"]["post"]
