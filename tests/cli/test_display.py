from __future__ import annotations

import pytest

from headwater.cli import display
from headwater.cli.display import Styled, Twig, duration, facts, prose, show, state, table, tree, when

UUID = "01a1fe0d-934a-763f-9dcc-33fe165243bd"


def test_a_table_has_columns_as_wide_as_needed(capsys: pytest.CaptureFixture[str]) -> None:
    table(["STATE", "RUN"], [[state("FAILED"), "one"], [Styled("COMPLETED", ""), "数据"], ["数据", "x"]])
    assert capsys.readouterr().out.splitlines() == [
        "STATE      RUN",
        "FAILED     one",
        "COMPLETED  数据",
        "数据       x",
    ]


def test_long_ids_stay_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    name = "dataset:" + "x" * 300
    show(name)
    table(["A", "B"], [["a", name]])
    facts([("label", name)])
    assert [line for line in capsys.readouterr().out.splitlines() if name in line] == [
        name,
        f"a  {name}",
        f"  label        {name}",
    ]


def test_names_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show("a\x1b[31mb\r\n[bold]c[/bold]:smile:")
    assert capsys.readouterr().out == "a�[31mb��[bold]c[/bold]:smile:\n"


def test_facts_leave_out_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    facts([("one", "1"), ("none", None), ("empty", []), ("blank", ""), ("two", ["2", "3"])])
    assert capsys.readouterr().out.splitlines() == ["  one          1", "  two          2", "               3"]


def test_prose_keeps_its_lines_and_breaks_long_ones() -> None:
    assert prose("a\n\n" + "word " * 20) == ["a", "", " ".join(["word"] * 13), " ".join(["word"] * 7)]


def test_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    tree([Twig(["a"], [Twig(["b"], [Twig(["c"], [])]), Twig(["d"], [])], "tail"), Twig(["e"], [])])
    assert capsys.readouterr().out.splitlines() == ["  ├ a  tail", "  │ ├ b", "  │ │ └ c", "  │ └ d", "  └ e"]


def test_a_narrow_terminal_cuts_the_tail_and_nothing_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "_columns", lambda: 40)
    tree([Twig(["x" * 20], [], "postgres://warehouse"), Twig(["x" * 30], [], "postgres"), Twig(["x" * 50], [], "dbt")])
    assert capsys.readouterr().out.splitlines() == [f"  ├ {'x' * 20}  postgres://wa…", f"  ├ {'x' * 30}", f"  └ {'x' * 50}"]


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(None, "-"), (0, "0.0 s"), (59_900, "59.9 s"), (61_000, "1 min 01 s"), (7_260_000, "2 h 01 min")],
)
def test_duration(milliseconds: int | None, shown: str) -> None:
    assert duration(milliseconds) == shown


def test_when() -> None:
    assert when("2026-01-31T08:30:00.123456Z") == "2026-01-31 08:30:00Z"
    assert when(None) == "-"
