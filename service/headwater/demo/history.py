"""What happens in the two days: schedules, a failure here and there, and what is done about them."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from headwater.demo.shop import BOARD, CLICKS, DAGS, FEATURES, LOADS, MODELS, SCORE, TABLES, TESTS, TRAIN, WATCH, Job
from headwater.demo.telling import Data, Event, Run, custom, dataset_event, facet, job_event, run_event
from headwater.ids import uuid7
from headwater.openlineage.vocabulary import Owner

_Told: TypeAlias = tuple[datetime, Event]
_Ends: TypeAlias = Generator[_Told, None, datetime]
"""Gives the time at which it is over."""

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_HOURS = 48
_TRAININGS = (26, 2)  # hours before the end

_LOST = (
    "server closed the connection unexpectedly",
    'Traceback (most recent call last):\n  File "load.py", line 42, in copy\npsycopg.OperationalError: connection lost',
)
_COLUMN = (
    'column "coupon" does not exist',
    'Database Error in model stg_orders (models/stg_orders.sql)\n  column "coupon" does not exist\n  LINE 6: coupon as coupon',
)
_SKIPPED = ("skipped: stg_orders failed", "")


def events(seed: int, end: datetime) -> list[Event]:
    """All that happened until ``end`` (aware, UTC), by event time."""
    history = _History(seed, end)
    told = [(at, event) for at, event in history.all() if at <= end]
    return [event for _, event in sorted(told, key=lambda t: t[0])]


class _History:
    def __init__(self, seed: int, end: datetime) -> None:
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._end = end
        self._top = end.replace(minute=0, second=0, microsecond=0)

    def all(self) -> Iterator[_Told]:
        yield from self._declared()
        yield from self._clicks()
        yield from self._shop()
        yield from self._warehouse()
        yield from self._churn()
        yield from self._scores()
        yield from self._payments()

    # ------------------------------------------------------------ schedules

    def _declared(self) -> Iterator[_Told]:
        at = self._ago(_HOURS)
        yield at, job_event(at, BOARD)
        for key in ("shop.customers", "shop.orders", "shop.items", "shop.products", "payments"):
            yield at, dataset_event(at, key, Data())
        second_day = self._ago(24)
        yield second_day, dataset_event(second_day, "shop.orders", Data(second_day=True))

    def _clicks(self) -> Iterator[_Told]:
        for hours in range(_HOURS, -1, -1):
            yield from self._run(CLICKS, self._ago(hours), 2)
        # Started just now, and so still going.
        run = self._new(CLICKS, self._end - 1.5 * _MINUTE)
        yield run.start, run_event("START", run.start, run, self._data(run.start))

    def _shop(self) -> Iterator[_Told]:
        for hours in range(_HOURS - 4, -1, -4):
            dag = self._new(DAGS["shop_ingest"], self._ago(hours) + 5 * _MINUTE)
            yield self._starts(dag)
            at = dag.start
            for key, job in LOADS.items():
                if key == "orders" and hours == 8:
                    lost = self._new(job, at + _MINUTE, dag)
                    yield from self._fails(lost, *_LOST)
                    at += 5 * _MINUTE
                run = self._new(job, at + _MINUTE, dag)
                at = yield from self._works(run)
            yield self._ends(dag, at + _MINUTE)

    def _warehouse(self) -> Iterator[_Told]:
        """The first run of the second day finds a column missing, and is run again when that is mended."""
        for hours in range(_HOURS - 6, -1, -6):
            start = self._ago(hours) + 20 * _MINUTE
            if hours == 18:
                yield from self._broken_build(start)
                start += 50 * _MINUTE
            yield from self._build(start, warned=hours == 12)

    def _build(self, start: datetime, *, warned: bool) -> Iterator[_Told]:
        dag = self._new(DAGS["warehouse"], start)
        yield self._starts(dag)
        at = start
        for job in MODELS.values():
            at = yield from self._works(self._new(job, at + 0.2 * _MINUTE, dag))
        tests = self._new(TESTS, at + 0.2 * _MINUTE, dag)
        at = yield from self._works(tests, checks=self._checks(warned))
        yield self._ends(dag, at + 0.2 * _MINUTE)

    def _broken_build(self, start: datetime) -> Iterator[_Told]:
        dag = self._new(DAGS["warehouse"], start)
        yield self._starts(dag)
        at = start + 0.2 * _MINUTE
        for key, job in MODELS.items():
            run = self._new(job, at, dag)
            if key == "stg.orders":
                yield from self._fails(run, *_COLUMN)
            elif key.startswith("mart"):
                yield at, run_event("ABORT", at, run, Data(), _error(*_SKIPPED))
            else:
                at = yield from self._works(run)
        yield at + _MINUTE, run_event("FAIL", at + _MINUTE, dag, Data(), _error("1 of 8 tasks failed: stg_orders", ""))

    def _churn(self) -> Iterator[_Told]:
        for hours in _TRAININGS:
            dag = self._new(DAGS["churn"], self._ago(hours))
            yield self._starts(dag)
            at = yield from self._works(self._new(FEATURES, dag.start + _MINUTE, dag))
            at = yield from self._train(at + _MINUTE, dag, second=hours == _TRAININGS[-1])
            yield self._ends(dag, at + _MINUTE)

    def _train(self, start: datetime, dag: Run, *, second: bool) -> _Ends:
        parameters = {"learning_rate": "0.05" if second else "0.1", "max_depth": "6", "trees": "400" if second else "200"}
        told = [{"key": key, "name": key, "value": value} for key, value in parameters.items()]
        facets = {
            "executionParameters": facet(Owner.RUN, "executionParameters", parameters=told),
            "headwater_features": custom(features=[column.name for column in TABLES["features"].columns[1:]]),
        }
        run = self._new(TRAIN, start, dag, facets)
        data = self._data(start, model="1.1" if second else "1")
        yield run.start, run_event("START", run.start, run, data)
        middle, end = run.start + 9 * _MINUTE, run.start + self._about(TRAIN.minutes)
        yield middle, run_event("RUNNING", middle, run, data, _metrics(auc=0.71, log_loss=0.52))
        auc = round((0.843 if second else 0.812) + self._random.uniform(-0.004, 0.004), 4)
        yield end, run_event("COMPLETE", end, run, data, _metrics(auc=auc, log_loss=round(1.22 - auc, 4)))
        return end

    def _scores(self) -> Iterator[_Told]:
        for hours in range(_TRAININGS[0] - 1, -1, -1):
            yield from self._run(SCORE, self._ago(hours), 7)

    def _payments(self) -> Iterator[_Told]:
        run = self._new(WATCH, self._ago(_HOURS))
        yield self._starts(run)
        for hours in range(_HOURS - 2, -1, -2):
            at = self._ago(hours)
            yield at, run_event("RUNNING", at, run, self._data(at))

    # ------------------------------------------------------------ runs

    def _new(self, job: Job, start: datetime, parent: Run | None = None, facets: Mapping[str, Any] | None = None) -> Run:
        start = _millisecond(start + timedelta(seconds=self._random.uniform(0, 9)))
        nominal = start.replace(minute=0, second=0, microsecond=0)
        return Run(job, self._uuid(start), start, nominal, parent, facets or {})

    def _run(self, job: Job, hour: datetime, minute: float) -> Iterator[_Told]:
        yield from self._works(self._new(job, hour + minute * _MINUTE))

    def _works(self, run: Run, **found: Any) -> _Ends:
        yield self._starts(run)
        end = run.start + self._about(run.job.minutes)
        yield end, run_event("COMPLETE", end, run, self._data(end, counted=run.job, **found))
        return end

    def _fails(self, run: Run, message: str, trace: str) -> Iterator[_Told]:
        yield self._starts(run)
        end = run.start + self._about(run.job.minutes / 3)
        yield end, run_event("FAIL", end, run, self._data(end), _error(message, trace))

    def _starts(self, run: Run) -> _Told:
        return run.start, run_event("START", run.start, run, self._data(run.start))

    def _ends(self, run: Run, at: datetime) -> _Told:
        at = _millisecond(at)
        return at, run_event("COMPLETE", at, run, self._data(at))

    # ------------------------------------------------------------ what they find

    def _data(self, at: datetime, counted: Job | None = None, model: str = "", **found: Any) -> Data:
        names = (*counted.inputs, *counted.outputs) if counted else ()
        rows = {name: self._rows(name, at) for name in names if TABLES[name].rows}
        return Data(rows=rows, model=model or self._model(at), second_day=at > self._ago(24), **found)

    def _rows(self, name: str, at: datetime) -> int:
        """Tables grow by a thousandth an hour."""
        hours = (at - self._ago(_HOURS)) / _HOUR
        return round(TABLES[name].rows * (1 + hours / 1000 + self._random.uniform(0, 0.0005)))

    def _model(self, at: datetime) -> str:
        """The version that is served: a new one an hour after its training began."""
        return "1.1" if at >= self._ago(_TRAININGS[-1] - 1) else "1"

    def _checks(self, warned: bool) -> dict[str, list[dict[str, Any]]]:
        return {
            "mart.orders": [_check("unique", "order_id"), _check("not_null", "customer_id")],
            "mart.revenue": [
                _check("not_null", "day"),
                _check("accepted_range", "revenue", success=not warned, severity="warn"),
            ],
        }

    # ------------------------------------------------------------ time and chance

    def _ago(self, hours: float) -> datetime:
        return self._top - hours * _HOUR

    def _about(self, minutes: float) -> timedelta:
        """Never the same, and never less than a second."""
        return timedelta(milliseconds=max(1000, round(minutes * 60_000 * self._random.uniform(0.8, 1.3))))

    def _uuid(self, at: datetime) -> UUID:
        return uuid7(round(at.timestamp() * 1000), self._random.getrandbits(74))


def _millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _error(message: str, trace: str) -> dict[str, Any]:
    told = {"message": message, "programmingLanguage": "Python", **({"stackTrace": trace} if trace else {})}
    return {"errorMessage": facet(Owner.RUN, "errorMessage", **told)}


def _metrics(**values: float) -> dict[str, Any]:
    return {"headwater_metrics": custom(metrics=values)}


def _check(assertion: str, column: str, *, success: bool = True, severity: str = "error") -> dict[str, Any]:
    return {"assertion": assertion, "column": column, "success": success, "severity": severity}
