from __future__ import annotations

import pytest

from headwater.catalog.phrases import Phrase, highlights


def _in_text(typed: str, *texts: str) -> list[str]:
    return highlights(Phrase(typed), {}, {"f": texts}).get("f", [])


def _in_name(typed: str, *names: str) -> list[str]:
    return highlights(Phrase(typed), {"f": names}, {}).get("f", [])


@pytest.mark.parametrize(
    ("typed", "text", "seen"),
    [
        ("orders", "select * from Orders", "select * from <em>Orders</em>"),
        ("ord", "from public.orders_1", "from public.<em>orders</em>_1"),
        ("rders", "from orders", None),
        ("from ord", "from orders", "<em>from</em> <em>orders</em>"),
        ("fro ord", "from orders", None),
        ("public.orders", "from public . orders2", "from <em>public</em> . <em>orders2</em>"),
        ("a b", "b a", None),
        ("über", "ÜBERSICHT", "<em>ÜBERSICHT</em>"),
        ("<em>x", "<em>x</em>", "<<em>em</em>><em>x</em></em>"),
        ("b", "<b>&amp;</b>", "<<em>b</em>>&amp;</<em>b</em>>"),
        ("'\"\\", "'\"\\", None),
    ],
)
def test_words_of_a_text_are_marked(typed: str, text: str, seen: str | None) -> None:
    assert _in_text(typed, text) == ([seen] if seen else [])


@pytest.mark.parametrize(
    ("typed", "name", "seen"),
    [
        ("DERS_", "orders_1", "or<em>ders_</em>1"),
        ("%", "100%", "100<em>%</em>"),
        (".*", "a.*b", "a<em>.*</em>b"),
        ("\\", "c:\\d", "c:<em>\\</em>d"),
        ("a", "banana", "b<em>a</em>n<em>a</em>n<em>a</em>"),
        ("_", "ab", None),
    ],
)
def test_any_part_of_a_name_is_marked(typed: str, name: str, seen: str | None) -> None:
    assert _in_name(typed, name) == ([seen] if seen else [])


def test_long_texts_are_cut_between_words() -> None:
    text = " ".join(["lorem"] * 100 + ["orders"] + ["ipsum"] * 100 + ["orders", "orders"])
    first, second = _in_text("orders", text)
    assert first.startswith("lorem lorem")
    assert first.endswith("ipsum ipsum")
    assert first.count("<em>orders</em>") == 1
    assert second.endswith("ipsum <em>orders</em> <em>orders</em>")
    assert max(len(first), len(second)) < 130


def test_a_text_without_spaces_is_cut_anywhere() -> None:
    (seen,) = _in_text("x", "-" * 1000 + "x" + "-" * 1000)
    assert len(seen) == 110


def test_snippets_are_few_and_each_is_there_once() -> None:
    assert _in_text("a", *["a"] * 9) == ["<em>a</em>"]
    assert len(_in_text("a", *[f"a {n}" for n in range(9)])) == 5
    assert len(highlights(Phrase("a"), {}, {f"f{n}": ["a"] for n in range(50)})) == 20


@pytest.mark.parametrize("typed", ["x" * 10_000, "x " * 5_000, "'" * 10_000, "((((" * 2_500, "\\" * 10_000])
def test_long_phrases_are_looked_for(typed: str) -> None:
    assert _in_name(typed, "orders", f"-{typed}-") == [f"-<em>{typed}</em>-"]
    assert _in_text(typed, "orders", "xy " * 5_000) == []


def test_a_tsquery_has_the_words_and_begins_the_last() -> None:
    phrase = Phrase("Select 'a\\b':* | orders!")
    assert phrase.in_order == "'Select' <-> 'a' <-> 'b' <-> 'orders':*"
    assert Phrase("?!").words == ()
    assert Phrase("x" * 501).words == ()
    assert len(Phrase("x " * 5_000).words) == 50
