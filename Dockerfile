# One image for web, coordinator and workers.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --create-home --uid 10001 paretoscope && mkdir -p /app /var/lib/paretoscope /weights /results/networks /results/exports \
 && chown --recursive paretoscope /app /var/lib/paretoscope /weights /results
WORKDIR /app

COPY requirements.lock ./
# Empty: torch's default wheel, for CPUs and NVIDIA GPUs. Otherwise the address of an index of torch
# wheels, such as the much smaller ones without CUDA; the version is the one in the lock file.
ARG TORCH_INDEX=""
RUN if [ -n "$TORCH_INDEX" ]; then \
      pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.lock)"; \
    fi \
 && pip install -r requirements.lock

COPY --chown=paretoscope nasengine nasengine
COPY --chown=paretoscope webapp webapp
COPY --chown=paretoscope workers workers
COPY --chown=paretoscope templates templates
COPY --chown=paretoscope manage.py pyproject.toml ./
# Every process starts from compiled files.
RUN python -m compileall -q nasengine webapp workers

USER paretoscope
ENV PARETOSCOPE_VAR=/var/lib/paretoscope
EXPOSE 8000
CMD ["python", "-m", "webapp.serve", "--host", "0.0.0.0", "--port", "8000"]
