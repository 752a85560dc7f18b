"""``headwater schemas``: the files in schemas/, made from the code and compared with it."""
# ruff: noqa: PLC0415

from __future__ import annotations

import json
from pathlib import Path
from posixpath import normpath
from typing import Annotated

import typer

import headwater
from headwater.errors import HeadwaterError, Unavailable

app = typer.Typer(help="OpenAPI document and JSON Schemas, as files.", no_args_is_help=True)
_Folder = Annotated[Path | None, typer.Option(help="Where the files are.", show_default="schemas/ of the checkout")]


@app.command()
def export(folder: _Folder = None) -> None:
    """Write the files; those of schemas that are no more go."""
    place = _place(folder)
    files = _files()
    try:
        for name, text in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for name in _stray(place, files):
            (place / name).unlink()
    except OSError as error:
        raise Unavailable(f"{error.filename} cannot be written: {error.strerror}.") from error
    print(f"{len(files)} files written to {place}.")


@app.command()
def check(folder: _Folder = None) -> None:
    """Tell which files differ from what the code says; the exit status is 1 if any does."""
    place = _place(folder)
    files = _files()
    differences = [f"{name} differs" for name, text in files.items() if _text(place / name) not in (text, None)]
    differences += [f"{name} is missing" for name in files if _text(place / name) is None]
    differences += [f"{name} should not be there" for name in _stray(place, files)]
    print("\n".join(sorted(differences)) or f"{len(files)} files in {place} are as they should be.")
    if differences:
        print("headwater schemas export writes them.")
        raise typer.Exit(1)


def _files() -> dict[str, str]:
    """Text by path below the folder."""
    from headwater.openlineage.schema import export, render

    return {
        "openapi.json": _openapi(),
        **{normpath(f"openlineage/{name}"): render(schema) for name, schema in export().items()},
    }


def _openapi() -> str:
    from headwater.api.app import create_app
    from headwater.settings import Settings

    # Nothing is opened, so that any database will do. Settings are no part of the document.
    document = create_app(Settings(), "postgresql://").openapi()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _place(folder: Path | None) -> Path:
    if folder is not None:
        return folder
    checkout = Path(headwater.__file__).parents[2]
    if not (checkout / "pyproject.toml").is_file():
        raise HeadwaterError("headwater does not run from a checkout: say with --folder where the files are.")
    return checkout / "schemas"


def _stray(place: Path, files: dict[str, str]) -> list[str]:
    found = [f"{folder}/{p.name}" for folder in ("facets", "openlineage") for p in (place / folder).glob("*.json")]
    return sorted(name for name in found if name not in files)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
