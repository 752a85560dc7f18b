from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest

from headwater.ingest.files import Found, Unreadable, below, events

A, B = b'{"a": 1}', b'{"b": [1, {"c": "}"}]}'


def read(content: bytes, longest: int = 1000) -> list[Found]:
    return list(events(io.BytesIO(content), longest))


def pretty(*bodies: bytes) -> bytes:
    return b"\n".join(json.dumps(json.loads(body), indent=2).encode() for body in bodies)


@pytest.mark.parametrize(
    "content",
    [
        A + b"\n" + B,
        b"\xef\xbb\xbf" + A + b"\r\n\r\n" + B + b"\r\n",
        gzip.compress(A + b"\n", mtime=0) + gzip.compress(B, mtime=0),
    ],
)
def test_lines(content: bytes) -> None:
    assert [found.body for found in read(content)] == [A, B]


def test_lines_have_their_numbers() -> None:
    assert read(b"\n" + A + b"\n\n" + B) == [Found(A, "line 2"), Found(B, "line 4")]


@pytest.mark.parametrize("content", [b"[" + A + b"," + B + b"]", b" [\n" + A + b",\n" + B + b"\n]\n"])
def test_arrays(content: bytes) -> None:
    assert read(content) == [Found(A, "event 1"), Found(B, "event 2")]


@pytest.mark.parametrize("odd", [rb'{"a": "\ud800"}', b'{"a":' * 5000 + b"1" + b"}" * 5000, b"{broken}"])
def test_an_odd_element_leaves_the_others_alone(odd: bytes) -> None:
    assert [found.body for found in read(b"[" + A + b"," + odd + b"]", 100_000)] == [A, odd]


def test_a_document_of_several_lines_has_no_place() -> None:
    assert read(pretty(B)) == [Found(pretty(B), "")]


def test_documents_one_after_another() -> None:
    assert read(pretty(A, B, A)) == [
        Found(pretty(A), "event 1"),
        Found(pretty(B), "event 2"),
        Found(pretty(A), "event 3"),
    ]


def test_a_broken_document_takes_the_rest_with_it() -> None:
    cut = pretty(B)[:-3].rstrip()
    assert [found.body for found in read(pretty(A) + b"\n" + cut)] == [pretty(A), cut]


@pytest.mark.parametrize("broken", [b'{"a":', b"\xff\xfe", b"nonsense", b'"text"', b"{" * 5000])
def test_a_broken_line_leaves_the_others_alone(broken: bytes) -> None:
    for n in range(3):
        lines = [A, B]
        lines.insert(n, broken)
        assert [found.body for found in read(b"\n".join(lines), 10_000)] == lines


def test_nothing() -> None:
    assert read(b"") == []
    assert read(b" \n\n") == []
    assert read(b"[]") == []


@pytest.mark.parametrize("content", [b'{"a": "%s"}\n' % (b"x" * 5000), b'[{"a": "%s"}]' % (b"x" * 5000)])
def test_of_what_is_too_long_only_the_beginning_is_kept(content: bytes) -> None:
    (found,) = read(content)
    assert found.fault == "has more than 1,000 bytes; only its beginning is kept"
    assert len(found.body) == 1000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[1,", "is no JSON array of events"),
        (gzip.compress(A * 1000, mtime=0)[:-9], "damaged or cut short"),
        (b"\x1f\x8bnonsense", "damaged or cut short"),
    ],
)
def test_what_cannot_be_read(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(content)


def test_a_long_file_is_not_read_at_once() -> None:
    stream = io.BytesIO(A + b"\n" + b" " * (8 << 20) + B)
    reading = events(stream, 1000)
    assert next(reading).body == A
    assert stream.tell() <= 2 << 20


def test_files_below_a_folder(tmp_path: Path) -> None:
    for name in ("b.ndjson", "a/c.JSON.gz", "a/d.jsonl", "a/e.txt", "f.json/g.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert below(tmp_path) == [tmp_path / name for name in ("a/c.JSON.gz", "a/d.jsonl", "b.ndjson", "f.json/g.json")]
