# One image for every role: `docker run paidan intake`, `… desk`, `… tables`, `… gateway`.
ARG PYTHON=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /build
RUN python -m venv /opt/paidan
COPY requirements/runtime.lock requirements/build.lock requirements/
RUN /opt/paidan/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.lock
# The build backend stays in this stage.
RUN python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/build.lock
COPY requirements/node.lock requirements/node.lock
COPY requirements/pages requirements/pages
COPY scripts/page_libraries.py scripts/
RUN /opt/build/bin/python scripts/page_libraries.py
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY dispatcher dispatcher
COPY streams streams
COPY cities cities
# Trained from the corpus; it lands in /opt/paidan/share.
RUN OMP_NUM_THREADS=1 /opt/paidan/bin/python -m models.classifier.learning.shipped
RUN /opt/build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /build/dist . \
    && /opt/paidan/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-index /build/dist/*.whl

FROM ${PYTHON}
# The folders exist, so that volumes mounted there belong to the user, too.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/paidan paidan \
    && install -d -o paidan -g paidan /var/lib/paidan/models /var/lib/paidan/access
COPY --from=build /opt/paidan /opt/paidan
ENV PATH=/opt/paidan/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 \
    PAIDAN_DATA=/var/lib/paidan \
    PAIDAN_METRICS_HOST=0.0.0.0 PAIDAN_METRICS_PORT=9100
USER paidan
WORKDIR /var/lib/paidan
VOLUME /var/lib/paidan
EXPOSE 8080 6066 9100
# Every role answers on its metrics port as long as its event loop turns.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PAIDAN_METRICS_PORT']}/livez\", timeout=4)"]
ENTRYPOINT ["paidan"]
CMD ["--help"]
