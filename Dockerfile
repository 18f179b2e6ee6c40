# syntax=docker/dockerfile:1
# The node in a small image. Build it with `docker build -t ratio1-node .`
#
# The bases are named by tag, which moves with security updates. A release that must be built twice alike names them by
# digest (FROM image@sha256:...), as its builder sees it in `docker buildx imagetools inspect rust:1.95.0-bookworm`.

FROM rust:1.95.0-bookworm AS build
WORKDIR /src
# What the machine lacks, in a layer that source changes do not touch.
COPY rust-toolchain.toml ./
COPY scripts/lib.sh scripts/setup scripts/
RUN scripts/setup
COPY . .
# With the hash of the metadata, or no hardware wallet could sign; it builds the runtime twice.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/target \
    CARGO_TARGET_DIR=/target \
    cargo build --release --locked --workspace --bin ratio1-node --features ratio1-runtime/metadata-hash && \
    install -D /target/release/ratio1-node /out/ratio1-node

FROM debian:bookworm-slim
# curl is for health checks.
RUN apt-get update -q && \
    apt-get install -q -y --no-install-recommends ca-certificates curl && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin ratio1 && \
    install -d -o ratio1 -g ratio1 -m 700 /data
COPY --from=build /out/ratio1-node /usr/local/bin/ratio1-node
# The licenses go with the binary; the full texts that NOTICE names are in the base image, in /usr/share/common-licenses.
COPY LICENSE NOTICE Cargo.lock /usr/share/doc/ratio1-node/
USER ratio1
# Database and keystore. An operator mounts a volume of their own here and gives --base-path /data.
VOLUME /data
# Peers, JSON-RPC, Prometheus.
EXPOSE 30333 9944 9615
ENTRYPOINT ["ratio1-node"]
