# rtcan live in a container, as a user without rights:
#
#   make wheel && docker build --tag rtcan .
#   docker run --rm --device /dev/ttyUSB0 --group-add "$(stat -c %g /dev/ttyUSB0)" \
#       --publish 127.0.0.1:8080:8080 rtcan --port /dev/ttyUSB0 --dashboard 8080 --host 0.0.0.0
#
# The image holds Python and the libraries it links to, of Debian, and RTCAN with what it needs, of PyPI:
# neither a shell nor pip.
FROM debian:trixie-slim AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3-pip \
    && useradd --uid 1000 --groups dialout rtcan
WORKDIR /packages
# status.d is where scanners for vulnerabilities look up what such an image consists of.
RUN apt-get download base-files libc6 libgcc-s1 libstdc++6 media-types netbase tzdata zlib1g \
        python3-minimal python3.13 python3.13-minimal libpython3.13-minimal libpython3.13-stdlib \
        libbz2-1.0 libexpat1 libffi8 liblzma5 libssl3t64 libzstd1 \
    && mkdir -p /image/var/lib/dpkg/status.d \
    && for package in base-files_*.deb *.deb; do \
        dpkg-deb --extract "$package" /image; \
        dpkg-deb --field "$package" > "/image/var/lib/dpkg/status.d/${package%%_*}"; \
    done \
    && rm -r /image/usr/lib/*/gconv /image/usr/share/lintian /image/usr/share/man \
    && find /image/usr/share/doc ! -type d ! -name copyright -delete \
    && cp --parents /etc/passwd /etc/group /etc/ssl/certs/ca-certificates.crt /image \
    && install --directory --owner 1000 --group 1000 /image/home/rtcan
WORKDIR /image/usr/lib/python3/dist-packages
COPY dist/*.whl /wheels/
RUN pip install --no-cache-dir --no-compile --target . "$(echo /wheels/*.whl)[web,mqtt]" \
    && rm -r bin onnxruntime/quantization onnxruntime/tools onnxruntime/transformers \
    && find numpy -name tests -prune -exec rm -r {} +

FROM scratch
COPY --from=build /image /
# Where an MQTT broker's certificate is looked up; Debian's own path belongs to the package openssl.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
# Shows that nothing is missing, and leaves the bytecode of what live imports, which its user may not write.
RUN ["/usr/bin/python3.13", "-I", "-m", "rtcan", "live", "--demo", "--duration", "12", "--dashboard", "8080", "--output", "jsonl"]
USER 1000
WORKDIR /home/rtcan
# Predictions are lines of JSON there; Ctrl-C and docker stop end a run in order.
ENTRYPOINT ["/usr/bin/python3.13", "-I", "-m", "rtcan", "live"]
CMD ["--demo"]
