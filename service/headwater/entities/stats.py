from __future__ import annotations

from datetime import datetime

from pydantic import Field

from headwater.entities import Entity


class Interval(Entity):
    startInterval: datetime = Field(description="Where it begins.")
    endInterval: datetime = Field(description="Where the next one begins, which this is no part of.")


class LineageMetric(Interval):
    fail: int = Field(description="FAIL events whose time is in the interval.")
    start: int = Field(description="START events whose time is in the interval.")
    complete: int = Field(description="COMPLETE events whose time is in the interval.")
    abort: int = Field(description="ABORT events whose time is in the interval.")


class IntervalMetric(Interval):
    count: int = Field(description="How many there were when the interval ended: all that earlier events name.")
