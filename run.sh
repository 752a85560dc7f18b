#!/bin/sh
# Installs what is missing, and starts the service. Options go to `headwater serve`.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$root/.ci/uv.sh"

# inexact: leaves the tools of test.sh in place.
"$uv" sync --project "$root" --frozen --no-dev --inexact
exec "${UV_PROJECT_ENVIRONMENT:-$root/.venv}/bin/headwater" serve "$@"
