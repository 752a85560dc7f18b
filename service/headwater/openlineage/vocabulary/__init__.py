"""The facets that headwater knows, OpenLineage's and its own, as a table: a row more is checked, exported and counted.

A facet that is not in the table is a custom one: it needs ``_producer`` and ``_schemaURL`` and is kept as it is.
"""

from __future__ import annotations

from headwater.openlineage.vocabulary.datasets import DATASET_FACETS
from headwater.openlineage.vocabulary.facet import Facet, Owner
from headwater.openlineage.vocabulary.jobs import JOB_FACETS
from headwater.openlineage.vocabulary.own import OWN_FACETS
from headwater.openlineage.vocabulary.runs import RUN_FACETS
from headwater.openlineage.vocabulary.uses import USE_FACETS

__all__ = ["FACETS", "Facet", "Owner"]

FACETS: tuple[Facet, ...] = (*RUN_FACETS, *JOB_FACETS, *DATASET_FACETS, *USE_FACETS, *OWN_FACETS)
