"""Query parameters as Marquez reads them, with its words for what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError


def one_of(*values: str, note: str = "", **spellings: str) -> BeforeValidator:
    """Takes a value in any case, with ``-`` or ``.`` for ``_``; ``spellings`` are other words for one. ``note``
    ends the complaint about any other."""

    def read(told: Any) -> Any:
        value = told.upper().replace("-", "_").replace(".", "_") if isinstance(told, str) else told
        value = spellings.get(value, value)
        if value not in values:
            raise PydanticCustomError("one_of", "must be one of [{values}]{note}", {"values": ", ".join(values), "note": note})
        return value

    return BeforeValidator(read)


NO_INSTANT = "must be a time with its offset, such as 2026-01-31T08:30:00Z"


def instant(told: str) -> datetime | None:
    """None where it is no time with its offset."""
    try:
        # A plus sign that was not encoded arrives as a space.
        time = datetime.fromisoformat(told.replace(" ", "+") if "T" in told else told)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


def _time(told: Any) -> Any:
    if not isinstance(told, str):
        return told
    if (time := instant(told)) is None:
        raise PydanticCustomError("time", NO_INSTANT)
    return time


def _utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("time", "must be in the years 1 to 9999 of UTC") from None


INSTANT = BeforeValidator(_time)
Moment = Annotated[datetime, INSTANT, AfterValidator(_utc)]
"""One that is stored, in UTC."""


def not_blank(told: str) -> str:
    if not told.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return told.replace("\0", "\ufffd")


Text = Annotated[str, AfterValidator(not_blank), WithJsonSchema({"type": "string", "pattern": r"\S"})]


_MESSAGES: dict[str, Callable[[dict[str, Any]], str]] = {
    "missing": lambda _: "must not be null",
    "greater_than_equal": lambda context: f"must be greater than or equal to {context['ge']}",
    "less_than_equal": lambda context: f"must be less than or equal to {context['le']}",
    "int_parsing": lambda _: "must be a whole number",
    "int_parsing_size": lambda _: "must be a smaller number",
    "uuid_parsing": lambda _: "must be a UUID",
    "string_type": lambda _: "must be a string",
    "list_type": lambda _: "must be a list",
    "dict_type": lambda _: "must be an object",
    "model_attributes_type": lambda _: "must be an object",
    "literal_error": lambda context: f"must be one of [{context['expected'].replace(' or ', ', ')}]".replace("'", ""),
}
_DAY = ("date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact", "date_type")
_MESSAGES |= dict.fromkeys(_DAY, lambda _: "must be a day, such as 2026-01-31")
_CUSTOM = ("one_of", "time", "blank")
_OWN_WORDS = {"period": "Invalid period: "}  # what Marquez says of a parameter, whatever is wrong with it


def complaint(error: dict[str, Any]) -> str:
    """A sentence about one of pydantic's errors: ``query param limit must be greater than or equal to 0``."""
    place, *names = error["loc"]
    kind = error["type"]
    if kind in _MESSAGES:
        what = _MESSAGES[kind](error.get("ctx") or {})
    else:
        what = error["msg"] if kind in _CUSTOM else f"is invalid: {error['msg']}"
    name = ".".join(str(n) for n in names if not isinstance(n, int))
    return f"{_OWN_WORDS.get(name, '')}{place} param {name} {what}".replace("  ", " ")
