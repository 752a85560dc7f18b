from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from headwater.entities.diff import (
    Change,
    DiffCounts,
    EdgeChange,
    EdgeChanges,
    FacetDiff,
    GraphDiff,
    IoDiff,
    NodeChange,
    NodeChanges,
    RunDiff,
    RunSide,
    Statistic,
    TaskDiff,
    VersionDiff,
    VersionRead,
    VersionSide,
)
from headwater.entities.graph import Cut, Freshness, Node, Tally
from headwater.lineage.diff.markdown import markdown

_RUN, _OTHER = UUID(int=1), UUID(int=2)
_AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
_FRESHNESS = Freshness(eventTime=_AT, eventId=_OTHER)
_NODE = Node(id="dataset:ns:t", kind="DATASET", namespace="ns", name="t", type="", description=None, owners=[], tags=[])
_CHANGE = Change(
    node="dataset:ns:t", what="COLUMN", name="a", source="dataset:ns:x", turn="REMOVED", before="DIRECT", after=None,
    at=_AT, run=None,
)  # fmt: skip


def _counts(*cut: Cut) -> DiffCounts:
    return DiffCounts(
        found=4, returned=2, edges=Tally(found=5, returned=5), changes=Tally(found=2, returned=1), cut=list(cut)
    )  # fmt: skip


def _run_diff() -> RunDiff:
    side = RunSide(run=_RUN, job="job:ns:j", state="COMPLETED", startedAt=_AT, endedAt=_AT, durationMs=1500)
    read = [[VersionRead(version=_OTHER, writtenBy=run)] for run in (None, _RUN)]
    return RunDiff(
        before=side,
        after=side.model_copy(update={"run": _OTHER, "state": "FAILED", "durationMs": None}),
        inputs=[IoDiff(dataset="dataset:ns:i", turn="CHANGED", before=read[0], after=read[1], statistics=[])],
        outputs=[
            IoDiff(
                dataset="dataset:ns:o", turn="CHANGED", before=read[0], after=read[1],
                statistics=[
                    Statistic(name="rowCount", before=None, after=1234567), Statistic(name="mean", before=0.5, after=2.0),
                ],
            )
        ],
        tasks=[TaskDiff(job="job:ns:k", turn="ADDED", before=None, after=side)],
        facets=[FacetDiff(job="job:ns:j", of="JOB", facet="sql", path="query", before="select\n`a`", after="x" * 300)],
        complete=True, counts=_counts(), asOf=_AT, freshness=_FRESHNESS,
    )  # fmt: skip


def test_a_graph() -> None:
    edge = EdgeChange(origin="job:ns:j", destination="dataset:ns:t", moved=False, at=_AT, run=_RUN)
    moved = EdgeChange(origin="dataset:ns:x", destination="job:ns:j", moved=True, at=None, run=None)
    told = GraphDiff(
        node=_NODE, before=_AT, after=_AT, complete=False,
        counts=_counts(Cut(rule="depth", nodes=None), Cut(rule="limit", nodes=2)), asOf=_AT,
        nodes=NodeChanges(added=[NodeChange(**_NODE.__dict__, at=None, run=None)], removed=[]),
        edges=EdgeChanges(added=[moved], removed=[edge]), changes=[_CHANGE], freshness=_FRESHNESS,
    )  # fmt: skip
    assert markdown(told) == (
        "# `dataset:ns:t`: what changed\n\nFrom 2026-03-01T08:30:00Z to 2026-03-01T08:30:00Z.\n\n"
        "There is more beyond the depth.\n\n"
        "**Not all is told**: 3 left out (limit).\n\n"
        "## Nodes\n\n- added `dataset:ns:t`\n\n"
        "## Edges\n\n- added `dataset:ns:x` → `job:ns:j` (by another way)\n"
        f"- removed `job:ns:j` → `dataset:ns:t` (2026-03-01T08:30:00Z, run `{_RUN}`)\n\n"
        "## `dataset:ns:t`\n\n- column `a` from `dataset:ns:x` removed: was `DIRECT` (2026-03-01T08:30:00Z)\n"
    )


def test_nothing_changed() -> None:
    nothing = GraphDiff(
        node=_NODE, before=_AT, after=_AT, complete=True, counts=_counts(), asOf=_AT, nodes=NodeChanges(added=[], removed=[]),
        edges=EdgeChanges(added=[], removed=[]), changes=[], freshness=_FRESHNESS,
    )  # fmt: skip
    assert markdown(nothing).endswith("\n\nNothing changed.\n")


def test_runs() -> None:
    assert markdown(_run_diff()) == (
        f"# `job:ns:j`: two runs\n\n- Before: `{_RUN}`, COMPLETED in 1.5 s\n- After: `{_OTHER}`, FAILED\n\n"
        f"## Inputs\n\n- `dataset:ns:i` changed: `{_OTHER}` → run `{_RUN}`\n\n"
        "## Outputs\n\n- `dataset:ns:o` changed; rowCount none → 1,234,567, mean 0.5 → 2\n\n"
        f"## Tasks\n\n- `job:ns:k` added: `{_RUN}`, COMPLETED in 1.5 s\n\n"
        f"## Facets\n\n- job `sql` `query`: `` select `a` `` → `{'x' * 200}…`\n"
    )


def test_versions() -> None:
    side = VersionSide(version=_RUN, createdAt=_AT, externalVersion="12", lifecycleState=None, run=_RUN, job="job:ns:j")
    told = VersionDiff(
        node=_NODE, before=side, after=side.model_copy(update={"run": None, "externalVersion": None}), changes=[_CHANGE],
        statistics=[Statistic(name="size", before=1, after=None)], runs=_run_diff(),
        complete=True, counts=_counts(), asOf=_AT, freshness=_FRESHNESS,
    )  # fmt: skip
    lines = markdown(told).splitlines()
    assert lines[:4] == [
        "# `dataset:ns:t`: two versions", "",
        f"- Before: `{_RUN}` (`12`), 2026-03-01T08:30:00Z, written by run `{_RUN}` of `job:ns:j`",
        f"- After: `{_RUN}`, 2026-03-01T08:30:00Z",
    ]  # fmt: skip
    assert "- column `a` from `dataset:ns:x` removed: was `DIRECT`" in lines
    assert "- size 1 → none" in lines
    assert "## `job:ns:j`: two runs" in lines
    assert "### Inputs" in lines
