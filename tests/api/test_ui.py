from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving import in_process


async def test_the_web_application_beside_the_api(database: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html>the application</html>")
    (tmp_path / "app.js").write_text("start()")
    async with in_process(database, marquez_ui_dir=tmp_path) as http:
        assert (await http.get("/app.js")).text == "start()"
        for route in ("/", "/datasets/column-level/s3%3A%2F%2Flake/a%2Fb", "/lineage/job/shop/load"):
            answer = await http.get(route)
            assert (answer.status_code, answer.text) == (200, "<html>the application</html>")
        assert (await http.get("/api/v1/namespaces")).json()["totalCount"] == 1
        missing = await http.get("/api/v1/nothing")
        assert (missing.status_code, missing.json()["code"]) == (404, 404)
        assert (await http.get("/../../etc/passwd")).text == "<html>the application</html>"


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/api/v1/namespaces/a"), ("GET", "/api/v1/lineage/batch"), ("POST", "/api/v1/nothing"), ("PUT", "/docs")],
)
async def test_the_api_refuses_as_it_does_without_it(database: str, tmp_path: Path, method: str, path: str) -> None:
    (tmp_path / "index.html").touch()
    async with in_process(database) as alone, in_process(database, marquez_ui_dir=tmp_path) as beside:
        expected, answer = await alone.request(method, path), await beside.request(method, path)
    assert expected.status_code in (404, 405)
    assert (answer.status_code, answer.headers.get("allow")) == (expected.status_code, expected.headers.get("allow"))


async def test_another_release_of_it_is_seen_at_once(database: str, tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("<html>old</html>")
    async with in_process(database, marquez_ui_dir=tmp_path) as http:
        first = await http.get("/jobs")
        assert first.headers["Cache-Control"] == "no-cache"
        again = {"If-None-Match": first.headers["ETag"]}
        assert (await http.get("/jobs", headers=again)).status_code == 304
        page.write_text("<html>new one</html>")
        assert (await http.get("/jobs", headers=again)).text == "<html>new one</html>"


async def test_without_it_there_is_none(database: str) -> None:
    async with in_process(database) as http:
        assert (await http.get("/")).headers["location"] == "/docs"
        assert (await http.get("/datasets")).status_code == 404
