"""Every knob, with its default and the reason for it. Read from the environment with the prefix ``HEADWATER_``.

Where that says nothing, Marquez's own names count: its variables (``_or``), and its configuration file (``marquez_config``).
A knob that is not here does not exist: other modules take their limits from a ``Settings`` object that they are given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import AliasChoices, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from headwater import marquez_config

MIB = 1024 * 1024

_MARQUEZ_POSTGRES = {"USER": "marquez", "PASSWORD": "", "HOST": "", "PORT": "5432", "DB": "marquez"}  # with Marquez's defaults
_MARQUEZ_LEVELS = {"ALL": "DEBUG", "TRACE": "DEBUG", "WARN": "WARNING", "OFF": "ERROR"}  # those that have no like here
_SCHEMES = re.compile(r"^(postgres|postgresql|postgresql\+psycopg)://")
_PASSWORDS = re.compile(r"(?<=://)([^:/?#@\s]*):[^/\s]*(?=@)|(?<=[?&])(password|sslpassword)=[^&\s]*")


def _home() -> Path:
    if shared := os.environ.get("XDG_DATA_HOME"):
        return Path(shared) / "headwater"
    # PostgreSQL refuses to run as root, and the user that it runs as instead cannot enter /root.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/headwater")
    return Path.home() / ".local" / "share" / "headwater"


def _or(name: str, theirs: str) -> AliasChoices:
    """Our own variable, or where that is unset the one that others know: Marquez's, mostly."""
    return AliasChoices(f"HEADWATER_{name}", theirs)


def _marquez_database() -> str | None:
    """From POSTGRES_HOST and its like, where that is set: whoever comes from Marquez has them."""
    told = {name: os.environ.get(f"POSTGRES_{name}", default) for name, default in _MARQUEZ_POSTGRES.items()}
    if not told["HOST"]:
        return None
    user, password, host, port, database = (quote(value, safe="") for value in told.values())
    return f"postgresql://{user}{':' if password else ''}{password}@{host}:{port}/{database}"


def masked(text: str) -> str:
    """The same text, fit for logs: passwords in URLs are replaced by three asterisks."""
    return _PASSWORDS.sub(lambda m: f"{m[2]}=***" if m[2] else f"{m[1]}:***", text)


class Settings(BaseSettings):
    # env_ignore_empty: compose and unit files set what they were given no value for; an empty path would mean this folder.
    # hide_input_in_errors: what is refused may be a URL with a password in it.
    model_config = SettingsConfigDict(
        env_prefix="HEADWATER_",
        env_ignore_empty=True,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    # ---- where it listens
    host: str = "127.0.0.1"  # nothing is open to the network unless asked for
    # Marquez's, so that clients need no change; 0 takes a free one.
    port: int = Field(default=5000, ge=0, le=65_535, validation_alias=_or("PORT", "MARQUEZ_PORT"))
    marquez_ui_dir: Path | None = None  # a built copy of Marquez's web application, to be served at /

    # ---- where the facts are kept
    data_dir: Path = Field(default_factory=_home)  # the embedded server's; unused with a database_url
    database_url: str | None = Field(default_factory=_marquez_database, validation_alias=_or("DATABASE_URL", "DATABASE_URL"))
    # One process is a whole installation; turn off where a release step migrates.
    migrate_on_start: bool = Field(default=True, validation_alias=_or("MIGRATE_ON_START", "MIGRATE_ON_STARTUP"))
    pool_size: int = Field(default=8, ge=1, le=1_000)  # connections for reads; a few a core is all PostgreSQL can use
    server_uid: int = Field(default=65_534, ge=1)  # whom the embedded server runs as when headwater is root;
    server_gid: int = Field(default=65_534, ge=1)  # others may run as nobody too, so a user of its own is better

    # ---- what is taken in
    validation: Literal["lenient", "strict"] = "lenient"  # strict refuses what the official schemas refuse
    any_run_id: bool = False  # take run ids that are no UUID, as Marquez does; the specification wants UUIDs
    max_body_bytes: int = Field(default=64 * MIB, ge=1024)  # of a request, compressed and again when decompressed
    max_nesting: int = Field(default=200, ge=10)  # levels of JSON; deeper is an attack on the parser, not lineage
    max_batch_events: int = Field(default=100_000, ge=1)  # in one request; larger loads belong in files
    max_name_length: int = Field(default=10_000, ge=100)  # characters of a name; Spark plans make names of thousands

    # ---- what is left out: regular expressions, searched for anywhere in a namespace's name
    exclude_namespaces_on_read: str | None = None  # PostgreSQL's; from the list of namespaces only, as in Marquez
    exclude_namespaces_on_write: str | None = None  # Python's; what is told of such a namespace is not stored

    # ---- how it is written
    queue_events: int = Field(default=10_000, ge=1)  # events that may wait: about 2 s of work; then 503
    queue_bytes: int = Field(default=128 * MIB, ge=1024)  # their bytes; bounds memory when events are large
    commit_events: int = Field(default=500, ge=1)  # most events in one transaction; speed gains little beyond 500

    # ---- what may be taken away
    retention_days: int | None = Field(default=None, ge=1, le=36_500)  # None keeps all: see ingest.retention
    retention_every_minutes: int = Field(default=15, ge=1, le=10_080)  # Marquez's; there is little to do each time
    retention_batch_rows: int = Field(default=1_000, ge=1, le=1_000_000)  # in one transaction, which writers may wait for
    admin: bool = False  # hard deletes: off, since whoever reaches the service may do all that it does

    # ---- the rest
    tags: Annotated[dict[str, str | None], NoDecode] = {}  # comma separated; there from the start, as in Marquez
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", validation_alias=_or("LOG_LEVEL", "LOG_LEVEL")
    )

    @field_validator("database_url")
    @classmethod
    def _libpq_scheme(cls, url: str | None) -> str | None:
        """The spellings in use (Heroku's, SQLAlchemy's) become the one that libpq reads."""
        if not url:
            return None
        if not _SCHEMES.match(url):
            raise ValueError("expected a postgresql:// URL")
        return _SCHEMES.sub("postgresql://", url)

    @model_validator(mode="before")
    @classmethod
    def _marquez_config(cls, told: dict[str, Any]) -> dict[str, Any]:
        return marquez_config.settings() | told

    @field_validator("exclude_namespaces_on_write")
    @classmethod
    def _regular_expression(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return pattern

    def takes(self, namespace: str) -> bool:
        """Whether what is told of the namespace is stored."""
        pattern = self.exclude_namespaces_on_write
        return not pattern or re.search(pattern, namespace) is None

    @field_validator("tags", mode="before")
    @classmethod
    def _comma_separated(cls, tags: object) -> object:
        return {t.strip(): None for t in tags.split(",") if t.strip()} if isinstance(tags, str) else tags

    @field_validator("log_level", mode="before")
    @classmethod
    def _python_level(cls, level: object) -> object:
        return _MARQUEZ_LEVELS.get(level.upper(), level.upper()) if isinstance(level, str) else level

    @field_validator("data_dir", "marquez_ui_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path and Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow links

    @field_validator("marquez_ui_dir")
    @classmethod
    def _built(cls, folder: Path | None) -> Path | None:
        if folder is not None and not (folder / "index.html").is_file():
            raise ValueError(f"{folder} has no index.html: Marquez's build makes one in web/dist")
        return folder

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, masked(value) if name == "database_url" and value else value
