from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from headwater.cli.client import Client, Refused, decoded
from headwater.errors import Invalid, Unavailable


class _Answers(BaseHTTPRequestHandler):
    """Echoes paths, and below ``/api/v1/who`` what they are authorized by; 503 below ``/api/v1/away``."""

    def do_GET(self) -> None:
        away = self.path.startswith("/api/v1/away")
        if self.path.startswith("/api/v1/moved"):
            self.send_response(302)
            self.send_header("Location", "/api/v1/who")
        else:
            self.send_response(503 if away else 200)
        self.end_headers()
        who = self.path.startswith("/api/v1/who")
        self.wfile.write(b"<html>" if away else (str(self.headers["Authorization"]) if who else self.path).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_each_part_of_a_path_is_one_segment(url: str) -> None:
    path = Client(f"{url}/").get("namespaces", "s3://a/b", "datasets", "x y?#é", limit=1, q=None, s=["a", "b"])
    assert path == b"/api/v1/namespaces/s3%3A%2F%2Fa%2Fb/datasets/x%20y%3F%23%C3%A9?limit=1&s=a&s=b"


@pytest.mark.parametrize("end", ["", "/", "/api/v1", "/api/v1/"])
def test_a_url_may_be_that_of_the_api(url: str, end: str) -> None:
    assert Client(f"{url}{end}").get("jobs") == b"/api/v1/jobs?"


def test_an_answer_that_is_no_headwaters(url: str) -> None:
    with pytest.raises(Refused, match="The service answered 503 Service Unavailable"):
        Client(url).get("away")
    with pytest.raises(Unavailable, match="did not send JSON"):
        Client(url).read("jobs")


def test_nobody_is_there() -> None:
    with pytest.raises(Unavailable, match=r"No headwater answers at http://127.0.0.1:1: Connection refused. See --url."):
        Client("http://127.0.0.1:1").get("jobs")


@pytest.mark.parametrize("url", ["localhost:5000", "ftp://host", "http://", "file:///etc/passwd", "ftp://me:secret@host"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        Client(url)
    assert "secret" not in refused.value.message


def test_a_proxy_is_not_asked_for_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert Client(url).get("jobs").startswith(b"/api/v1/jobs")


def test_a_password_in_the_url_is_sent_and_not_shown(url: str) -> None:
    client = Client(url.replace("http://", "http://me:s%40crets@"))
    assert (client.url, client.get("who")) == (url, b"Basic bWU6c0BjcmV0cw==")
    assert client.get("moved") == b"None", "another place is not told it"


def test_a_key_is_a_bearer_token(url: str) -> None:
    assert Client(url, key="k").get("who") == b"Bearer k"
    assert Client(url).get("who") == b"None"


def test_decoded() -> None:
    assert decoded(b'{"a": [1]}') == {"a": [1]}
