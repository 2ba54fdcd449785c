# One image for every service; the command decides: serve NAME, db upgrade, smoke URL, ... Made by `make image`.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
# Two environments: what installs stays here, and what runs holds nothing it does not need, not even pip.
COPY requirements-build.lock requirements-image.lock /src/
RUN python3 -m venv /tools \
    && /tools/bin/pip install --quiet --require-hashes -r /src/requirements-build.lock \
    && python3 -m venv --without-pip /venv \
    && /tools/bin/pip --python /venv/bin/python install --quiet --no-compile --require-hashes \
        -r /src/requirements-image.lock
WORKDIR /src
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY docs/reference docs/reference
COPY alembic alembic
COPY ordering_platform ordering_platform
# Bytecode is checked against nothing at start: the files beneath never change, whatever times a copy gives them.
RUN /tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /tools/bin/pip --python /venv/bin/python install --quiet --no-compile --no-deps --no-index /wheels/*.whl \
    && /venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv/lib

# For development: the source lies where Tilt's live update puts changes, and wins over what is installed.
FROM build AS dev
RUN chown -R 10001:10001 /src
ENV PATH=/venv/bin:$PATH PYTHONPATH=/src PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 8000 9090
ENTRYPOINT ["ordering-platform"]

FROM ${BASE_IMAGE} AS runtime
ARG VERSION=dev
LABEL org.opencontainers.image.title="ordering-platform" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /venv /venv
# A fresh volume mounted here belongs to the user that runs.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/ordering-platform
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 10001:10001
EXPOSE 8000 9090
ENTRYPOINT ["ordering-platform"]
