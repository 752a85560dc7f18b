# Read by run.sh and test.sh, with $root set: finds uv, which installs the project, and says so in $uv.
# Without one, it is installed into .tool/ by the first Python that can.
# shellcheck shell=sh disable=SC2154

# The Pythons on this machine are used; none is downloaded.
export UV_PYTHON_DOWNLOADS=never

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# The newest Python that the project is tested with comes first; a name may exist and not work (pyenv's do).
find_python() {
    for python in python3.13 python3.12 python3.11 python3.14 python3 python; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            return 0
        fi
    done
    return 1
}

# `pip --target` also works where the system's Python refuses installations into itself (PEP 668).
install_uv() {
    printf 'Installing uv into %s/.tool\n' "$root" >&2
    if "$python" -m pip --version >/dev/null 2>&1; then
        PIP_USER=0 "$python" -m pip install --quiet --disable-pip-version-check --target "$root/.tool" uv && return
    fi
    "$python" -m venv "$root/.tool/venv" && "$root/.tool/venv/bin/python" -m pip install --quiet uv
}

find_uv() {
    for uv in uv "$root/.tool/bin/uv" "$root/.tool/venv/bin/uv"; do
        if "$uv" --version >/dev/null 2>&1; then
            return 0
        fi
    done
    return 1
}

if ! find_uv; then
    find_python || fail 'Python 3.11 or newer is needed, and was not found. Install it, then run this again.'
    install_uv || fail "uv could not be installed: $python has neither pip nor venv, or the network is away." \
        'See https://docs.astral.sh/uv/ for other ways to install it, then run this again.'
    find_uv || fail "uv was installed into $root/.tool, but does not run."
fi
