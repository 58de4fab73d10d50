# rtcan live in a container, as a user without rights:
#
#   make wheel && docker build --tag rtcan .
#   docker run --rm --device /dev/ttyUSB0 --group-add dialout --publish 127.0.0.1:8080:8080 rtcan \
#       --port /dev/ttyUSB0 --dashboard 8080 --host 0.0.0.0
FROM python:3.13-slim-bookworm
COPY dist/*.whl /tmp/wheels/
# Two steps in one layer, so that pip, which nothing needs afterwards, takes no room.
# hadolint ignore=DL3013
RUN pip install --no-cache-dir --no-compile --find-links /tmp/wheels "rtcan[web,mqtt]" \
    && pip uninstall --yes pip \
    && rm -rf /tmp/wheels \
    && useradd --uid 1000 --create-home --groups dialout rtcan
USER 1000
WORKDIR /home/rtcan
# Predictions are lines of JSON there; Ctrl-C and docker stop end a run in order.
ENTRYPOINT ["python", "-I", "-m", "rtcan", "live"]
CMD ["--demo"]
