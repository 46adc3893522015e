from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from plexichat.chat import services
from plexichat_plugin_sdk._wire import codes
from plugin_runtime import news
from plugin_runtime.exceptions import DeadlinePassed, PluginFault, PluginUnavailable
from plugin_runtime.mounts.slots import slots

from . import boards
from .conftest import Boards, Plugin

pytestmark = [pytest.mark.django_db, pytest.mark.urls("plugin_runtime.mounts.urls")]

PATH = "/api/v1/polls"


@pytest.fixture(autouse=True)
def _polls(shown: Boards, remote: Plugin) -> None:
    shown.show(
        boards.plugin(
            endpoints=(
                boards.endpoint(PATH, "GET", "POST"),
                boards.endpoint(PATH + "/{poll_id}", "PUT", permissions=("polls.write",)),
                boards.endpoint("/api/v1/own", "OPTIONS"),
            )
        )
    )


def told(response: Any) -> tuple[int, str]:
    return response.status_code, json.loads(response.content)["code"]


def test_an_endpoint_is_called_and_its_answer_returned(api: APIClient, remote: Plugin) -> None:
    remote.answer = [201, {"X-RateLimit-Limit": "9"}, {"made": 1}]
    response = api.post(PATH, {"q": "Tea?"}, format="json")
    assert (response.status_code, response.json()) == (201, {"made": 1})
    assert response["X-RateLimit-Limit"] == "9"
    assert remote.calls[0][:3] == ("polls", "endpoint", f"POST {PATH}")


def test_the_plugin_sees_the_request_without_credentials(
    api: APIClient, remote: Plugin, user: Any
) -> None:
    api.get(
        PATH + "?page=2&page=3&token=secret",
        HTTP_COOKIE="sessionid=secret",
        HTTP_AUTHORIZATION="Bearer secret",
        HTTP_ACCEPT_LANGUAGE="de",
    )
    assert remote.seen["user_id"] == user.public_id
    assert remote.seen["params"] == {"page": ["2", "3"]}
    assert remote.seen["headers"]["accept-language"] == "de"
    assert "secret" not in repr(remote.seen)


def test_a_path_parameter_arrives_decoded_once(
    api: APIClient, remote: Plugin, user: Any, permit: Callable[..., Any]
) -> None:
    api.force_authenticate(permit(user, "polls.write"))
    api.put(PATH + "/100%2525", {}, format="json")
    assert remote.seen["path_params"] == {"poll_id": "100%25"}
    assert remote.calls[0][2] == f"PUT {PATH}/{{poll_id}}"


@pytest.mark.parametrize("segment", ["..", "%2e%2e", "a%2Fb", "a%00b"])
def test_a_path_parameter_never_climbs(
    api: APIClient, user: Any, permit: Callable[..., Any], segment: str
) -> None:
    api.force_authenticate(permit(user, "polls.write"))
    assert told(api.put(f"{PATH}/{segment}", {}, format="json")) == (404, "not_found")


def test_files_and_fields_of_a_form_arrive(api: APIClient, remote: Plugin) -> None:
    upload = SimpleUploadedFile("a.txt", b"text", "text/plain")
    api.post(PATH, {"title": "A", "doc": upload}, format="multipart")
    assert remote.seen["body"] == {"title": "A"}
    assert remote.seen["files"]["doc"]["content"] == b"text"


def test_head_is_get_without_the_body(api: APIClient, remote: Plugin) -> None:
    response = api.head(PATH)
    assert (response.status_code, response.content) == (200, b"")
    assert remote.calls[0][2] == f"GET {PATH}"
    assert remote.seen["method"] == "HEAD"


def test_any_accept_header_is_the_plugins_business(api: APIClient) -> None:
    assert api.get(PATH + "?format=csv", HTTP_ACCEPT="text/csv").status_code == 200


def test_nothing_mounted_is_404(api: APIClient) -> None:
    assert told(api.get("/api/v1/nothing")) == (404, "not_found")


def test_a_plugin_enabled_a_moment_ago_answers(api: APIClient, shown: Boards) -> None:
    new = boards.plugin("new", endpoints=(boards.endpoint("/api/v1/new"),))
    shown.change_unnoticed(new)
    assert api.get("/api/v1/new").status_code == 200


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_another_method_is_405_and_names_the_right_ones(api: APIClient, method: str) -> None:
    response = api.generic(method, PATH)
    assert told(response) == (405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_options_lists_the_methods_to_anyone(remote: Plugin) -> None:
    response = APIClient().options(PATH)
    assert (response.status_code, response["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert remote.calls == []


def test_a_plugin_may_answer_options_itself(api: APIClient) -> None:
    assert api.options("/api/v1/own").json() == {"ok": True}


def test_anonymous_is_401(remote: Plugin) -> None:
    response = APIClient().get(PATH)
    assert told(response) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"
    assert remote.calls == []


def test_a_wrong_token_is_401_and_a_right_one_is_not(user: Any) -> None:
    _, token = services.login("ada", password="pw")
    client = APIClient()
    assert told(client.get(PATH, HTTP_AUTHORIZATION="Bearer plx_wrong"))[0] == 401
    assert client.get(PATH, HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 200


def test_a_session_needs_the_csrf_header_to_write(user: Any, remote: Plugin) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)
    client.cookies["csrftoken"] = "a" * 32
    form = {"csrfmiddlewaretoken": "a" * 32, "x": "1"}
    assert told(client.post(PATH, form, format="multipart")) == (403, "permission_denied")
    response = client.post(PATH, form, format="multipart", HTTP_X_CSRFTOKEN="a" * 32)
    assert response.status_code == 200
    assert remote.seen["body"] == {"x": "1"}


def test_an_inactive_user_is_401(api: APIClient, user: Any) -> None:
    user.is_active = False
    assert told(api.get(PATH))[0] == 401


def test_without_the_permission_it_is_403_and_with_it_it_is_not(
    api: APIClient, user: Any, remote: Plugin, permit: Callable[..., Any]
) -> None:
    response = api.put(PATH + "/1", {}, format="json")
    assert told(response) == (403, "permission_denied")
    assert remote.calls == []
    api.force_authenticate(permit(user, "polls.write"))
    assert api.put(PATH + "/1", {}, format="json").status_code == 200


def test_permissions_cost_no_query_while_nothing_changes(
    api: APIClient,
    user: Any,
    remote: Plugin,
    permit: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    monkeypatch.setattr(news, "mark", lambda: 1)
    api.force_authenticate(permit(user, "polls.write"))
    assert api.put(PATH + "/1", {}, format="json").status_code == 200
    with django_assert_num_queries(0):
        assert api.put(PATH + "/1", {}, format="json").status_code == 200
    user.user_permissions.clear()
    monkeypatch.setattr(news, "mark", lambda: 2)
    assert told(api.put(PATH + "/1", {}, format="json"))[0] == 403


def test_a_superuser_needs_no_permission(api: APIClient, user: Any) -> None:
    user.is_superuser = True
    user.save()
    assert api.put(PATH + "/1", {}, format="json").status_code == 200


def test_too_many_requests_are_429_per_user_and_plugin(
    api: APIClient, settings: Any, shown: Boards
) -> None:
    settings.PLEXICHAT_PLUGIN_RATE = "2/min"
    statuses = [api.get(PATH).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = api.get(PATH)
    assert told(refused) == (429, "throttled")
    assert 0 < int(refused["Retry-After"]) <= 60
    shown.show(boards.plugin("other", endpoints=(boards.endpoint(PATH),)))
    assert api.get(PATH).status_code == 200


def test_a_body_too_large_is_413(api: APIClient, settings: Any, remote: Plugin) -> None:
    settings.PLEXICHAT_PLUGIN_BODY_BYTES = 10
    assert told(api.post(PATH, "x" * 11, content_type="text/plain")) == (413, "too_large")
    assert remote.calls == []


def test_broken_json_is_400(api: APIClient, remote: Plugin) -> None:
    assert told(api.post(PATH, "{", content_type="application/json")) == (400, "invalid")
    assert remote.calls == []


def test_too_many_query_parameters_are_400(api: APIClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
    assert told(api.get(PATH + "?a=1&b=1&c=1&d=1")) == (400, "invalid")


@pytest.mark.parametrize("state", ["starting", "stopping", "stopped", "backing_off", "quarantined"])
def test_a_plugin_that_does_not_run_is_503(
    api: APIClient, shown: Boards, remote: Plugin, state: str
) -> None:
    shown.show(
        boards.plugin(state=state, reason="inside story", endpoints=(boards.endpoint(PATH),))
    )
    response = api.get(PATH)
    assert told(response) == (503, "plugin_unavailable")
    assert response["Retry-After"] == "5"
    assert b"inside" not in response.content
    assert remote.calls == []


def test_a_plugin_that_goes_away_is_503(api: APIClient, remote: Plugin) -> None:
    remote.answer = PluginUnavailable("polls", "inside story")
    response = api.get(PATH)
    assert told(response) == (503, "plugin_unavailable")
    assert b"inside" not in response.content


def test_the_deadline_is_504(api: APIClient, settings: Any, remote: Plugin) -> None:
    settings.PLEXICHAT_PLUGIN_ENDPOINT_DEADLINE_MS = 1234
    remote.answer = DeadlinePassed("polls", "inside story")
    assert told(api.get(PATH)) == (504, "deadline")
    assert remote.calls[0][4] == 1234


def test_a_plugin_that_raises_is_500_and_only_the_log_knows_why(
    api: APIClient, remote: Plugin, complaints: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    details = {"traceback": "Traceback: line 3"}
    remote.answer = PluginFault("polls", codes.HANDLER_RAISED, "KeyError: inside", details)
    response = api.get(PATH)
    body = response.json()
    assert told(response) == (500, "plugin_error")
    assert "inside" not in str(body)
    assert "Traceback" not in str(body)
    assert f"reference {body['reference']}" in caplog.text
    assert "Traceback: line 3" in caplog.text


def test_a_plugin_that_raises_is_a_problem_for_the_admin(
    api: APIClient, remote: Plugin, complaints: list[Any]
) -> None:
    remote.answer = PluginFault("polls", codes.HANDLER_RAISED, "KeyError", {"traceback": "T"})
    api.get(PATH)
    assert [(one.plugin, one.key, one.traceback) for one in complaints] == [
        ("polls", f"mount:GET {PATH}", "T")
    ]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("surprise", id="no answer"),
        pytest.param([999, {}, ""], id="status"),
        pytest.param([302, {"location": "//evil"}, ""], id="redirect"),
    ],
)
def test_an_unusable_answer_is_500(
    api: APIClient, remote: Plugin, complaints: list[Any], answer: Any
) -> None:
    remote.answer = answer
    assert told(api.get(PATH)) == (500, "plugin_error")
    assert len(complaints) == 1


def test_html_of_a_plugin_cannot_run_scripts_here(api: APIClient, remote: Plugin) -> None:
    remote.answer = [200, {"content-type": "text/html", "set-cookie": "a=b"}, "<script>"]
    response = api.get(PATH)
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "Set-Cookie" not in response
    assert not response.cookies


def test_a_plugin_never_holds_all_threads(
    api: APIClient, remote: Plugin, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PLEXICHAT_HTTP_THREADS = 4
    monkeypatch.setattr("plugin_runtime.mounts.slots.WAIT_SECONDS", 0.01)
    with slots.held("polls"), slots.held("polls"):
        assert told(api.get(PATH)) == (503, "plugin_unavailable")
    assert api.get(PATH).status_code == 200


def test_a_moment_of_waiting_finds_a_slot(settings: Any) -> None:
    settings.PLEXICHAT_HTTP_THREADS = 2
    entered, ready = threading.Event(), threading.Event()

    def second() -> None:
        ready.set()
        with slots.held("polls"):
            entered.set()

    thread = threading.Thread(target=second)
    with slots.held("polls"):
        thread.start()
        assert ready.wait(5)
        assert not entered.is_set()
    thread.join(5)
    assert entered.is_set()


def test_nobody_waits_behind_slow_calls(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PLEXICHAT_HTTP_THREADS = 2
    monkeypatch.setattr("plugin_runtime.mounts.slots.SLOW_SECONDS", -1.0)
    monkeypatch.setattr("plugin_runtime.mounts.slots.WAIT_SECONDS", 60.0)
    from_others = pytest.raises(Exception, match="polls")
    with slots.held("other"), from_others, slots.held("polls"):
        pass
