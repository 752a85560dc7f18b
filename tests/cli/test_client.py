from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from headwater.cli.client import Client, Refused, decoded
from headwater.errors import Invalid, Unavailable


class _Answers(BaseHTTPRequestHandler):
    """Echoes paths; 503 below ``/api/v1/away``."""

    def do_GET(self) -> None:
        away = self.path.startswith("/api/v1/away")
        self.send_response(503 if away else 200)
        self.end_headers()
        self.wfile.write(b"<html>" if away else self.path.encode())

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


def test_an_answer_that_is_no_headwaters(url: str) -> None:
    with pytest.raises(Refused, match="The service answered 503 Service Unavailable"):
        Client(url).get("away")
    with pytest.raises(Unavailable, match="did not send JSON"):
        Client(url).read("jobs")


def test_nobody_is_there() -> None:
    with pytest.raises(Unavailable, match=r"No headwater answers at http://127.0.0.1:1: Connection refused. See --url."):
        Client("http://127.0.0.1:1").get("jobs")


@pytest.mark.parametrize("url", ["localhost:5000", "ftp://host", "http://", "file:///etc/passwd"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(Invalid):
        Client(url)


def test_a_proxy_is_not_asked_for_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert Client(url).get("jobs").startswith(b"/api/v1/jobs")


def test_decoded() -> None:
    assert decoded(b'{"a": [1]}') == {"a": [1]}
