"""``headwater paths`` and ``headwater diff``, of a table that was renamed while its reader went on reading the old one."""

from __future__ import annotations

import pytest
from tests.api.column_story import field, writes
from tests.build import run_uuid
from tests.cli.conftest import Command
from tests.lineage.graphs import complete

DB = "dataset:db://shop:"
SENT = [
    complete("stage", "raw", "orders", "08:00"),
    complete("sum", "orders", "revenue", "08:10"),
    complete("stage", "raw", "orders_v2", "10:00"),
    complete("check", "raw", "report", "10:10"),
    writes("clean", "clean", "mail < raw2.mail HASH"),
    writes("mail", "mailing", "to < clean.mail"),
    complete("export", "mailing", "dump"),
]
pytestmark = pytest.mark.usefixtures("on_told_service")


def test_a_path(headwater: Command) -> None:
    done = headwater("paths", "orders", "revenue")
    assert done.status == 0
    assert done.out.splitlines() == ["", "2 steps", f"  {DB}orders", "→ job:shop:sum", f"→ {DB}revenue"]
    assert headwater("paths", "orders", "revenue", "--json", "--grain", "dataset").json["paths"][0]["length"] == 1
    assert headwater("paths", "orders", "revenue", "-k", 0).out == "There is a path.\n"
    assert headwater("paths", "raw", "revenue", "-k", 0).out == "There is no path.\n"
    then = headwater("paths", "raw", "revenue", "--as-of", "2026-03-01T09:00:00Z", "--all")
    assert "4 steps" in then.out
    assert headwater("paths", "orders", "revenue", "--depth", 1).err == "more left out by depth\n"


def test_why_there_is_no_path(headwater: Command) -> None:
    lines = headwater("paths", "raw", "revenue").out.splitlines()
    assert lines[0] == "There is no path."
    assert "There was one" in lines
    assert lines[-1] == f"job:shop:stage → {DB}orders ended 2026-03-01T10:00:00Z with run {run_uuid('stage 10:00')}"
    assert "The other way there is one" in headwater("paths", "revenue", "orders").out
    assert headwater("paths", "orders_v2", "report").out.splitlines()[-2:] == ["Both come from", f"{DB}raw"]


def test_what_changed(headwater: Command) -> None:
    done = headwater("diff", "raw", "--from", "2026-03-01T09:00:00Z", "--to", "2026-03-01T11:00:00Z")
    assert done.status == 0
    assert f"- removed `{DB}orders` (2026-03-01T10:00:00Z, run `{run_uuid('stage 10:00')}`)" in done.out.splitlines()
    told = headwater("diff", "raw", "--from", "2026-03-01T09:00:00Z", "--json", "--direction", "downstream", "--depth", 2).json
    assert [node["id"] for node in told["nodes"]["added"]] == [f"{DB}orders_v2", f"{DB}report", "job:shop:check"]


def test_what_changed_in_forms_of_other_programs(headwater: Command) -> None:
    asked = ("diff", "raw", "--from", "2026-03-01T09:00:00Z", "--format")
    assert "color=crimson" in headwater(*asked, "dot").out
    assert headwater(*asked, "csv").out.startswith("turn,what,node")


def test_what_cannot_be_answered(headwater: Command) -> None:
    done = headwater("diff", "raw", "--from", "yesterday")
    assert (done.status, done.out) == (1, "")
    assert "query param from must be a time" in done.err
    assert headwater("paths", "raw", "raw").status == 1


def test_from_column_to_column(headwater: Command) -> None:
    done = headwater("paths", field("raw2.mail"), field("mailing.to"))
    assert done.out.splitlines() == [
        "", "2 steps: values, masked", f"  {field('raw2.mail')}", f"→ {field('clean.mail')}", f"→ {field('mailing.to')}",
    ]  # fmt: skip
    whole = headwater("paths", f"{DB}raw2", f"{DB}mailing", "--grain", "column", "--all", "--json").json
    assert [path["nodes"][0] for path in whole["paths"]] == [field("raw2.mail")]
    lines = headwater("paths", field("raw2.mail"), f"{DB}dump").out.splitlines()
    assert lines[0] == "There is no path."
    assert lines[2] == "Data flows there by jobs and datasets, but nobody tells by which columns"
    assert lines[-3:] == [f"→ {DB}mailing", "→ job:shop:export", f"→ {DB}dump"]
    assert "The other way there is one: values, masked" in headwater("paths", field("mailing.to"), field("raw2.mail")).out
    assert headwater("paths", field("raw2.mail"), "job:shop:export").status == 1


def test_from_run_to_run(headwater: Command) -> None:
    begin, end = (f"run:{run_uuid(name)}" for name in ("stage 08:00", "sum 08:10"))
    done = headwater("paths", begin, end, "--grain", "run")
    assert done.out.splitlines() == ["", "1 steps", f"  {begin}", f"→ {end}"]
    assert headwater("paths", f"{DB}orders#latest", f"{DB}revenue", "--grain", "version", "--json").json["reachable"] is True
    back = headwater("paths", end, begin).out
    assert "The other way there is one" in back
    assert begin in back
