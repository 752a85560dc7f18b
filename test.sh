#!/bin/sh
# Installs what is missing, and runs the tests. Options go to pytest.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$root/.ci/uv.sh"

"$uv" sync --project "$root" --frozen
cd "$root"
exec "${UV_PROJECT_ENVIRONMENT:-$root/.venv}/bin/python" -m pytest "$@"
