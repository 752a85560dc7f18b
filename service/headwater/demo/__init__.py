"""Two days of an online shop's warehouse, as the OpenLineage events that its tools would send.

The shop's database and its web server's log are copied into a warehouse (Airflow), made into staging tables and marts (dbt),
then into features, a model and its predictions; a stream watches payments, and a dashboard is only declared. Loads fail and
are tried again, a column appears on the second day, a check fails, and the latest load is still going.

Pure: the same seed and end give the same events. ``shop`` says what there is, ``history`` what happens, ``telling`` how
it is told.
"""

from __future__ import annotations

from headwater.demo.history import events

__all__ = ["events"]
