FROM python:3.13-slim-bookworm AS build
RUN pip install --no-cache-dir uv
ENV UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/headwater UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /src
# The dependencies change less often than the code, and have a layer of their own.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project
COPY README.md LICENSE ./
COPY service service
COPY migrations migrations
COPY schemas schemas
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/headwater --create-home headwater
COPY --from=build /opt/headwater /opt/headwater
ENV PATH=/opt/headwater/bin:$PATH HEADWATER_DATA_DIR=/var/lib/headwater PYTHONUNBUFFERED=1
USER headwater
# The embedded PostgreSQL's data, where no DATABASE_URL is given.
VOLUME /var/lib/headwater
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('HEADWATER_PORT', '5000') + '/health/live', timeout=4)"]
ENTRYPOINT ["headwater"]
CMD ["serve", "--host", "0.0.0.0"]
