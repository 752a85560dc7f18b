from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headwater.catalog.page import Page
from headwater.lineage.models.listed import page_counts


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_what_a_page_does_not_have_is_on_those_before_and_after(total: int, limit: int, offset: int) -> None:
    listed = list(range(total))[offset : offset + limit]
    counts = page_counts("versions", total, len(listed), Page(limit, offset))
    cut = {one.rule: one.nodes for one in counts.cut}
    assert (counts.found, counts.versions, counts.returned) == (total, total, len(listed))
    assert cut.get("offset", 0) == min(offset, total)
    assert sum(filter(None, cut.values())) == total - len(listed)
    assert 0 not in cut.values()
