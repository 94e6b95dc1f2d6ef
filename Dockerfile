# syntax=docker/dockerfile:1

FROM rust:1.95-slim-trixie AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /source
COPY . .
# The commit that `--version` names: git's own folder is not copied.
ARG COMMIT=
# The folder /image gets what the program needs and nothing else: itself, the libraries that it loads, and the authorities that its issuer
# and its database may be certified by.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    USERS_API_COMMIT="$COMMIT" cargo build --release --locked --package users-api \
    && install -D target/release/users-api /image/usr/bin/users-api \
    && ldd target/release/users-api | grep -o '/[^ ]*' | xargs cp --parents --dereference --target-directory /image \
    && cp --parents --dereference --target-directory /image /etc/ssl/certs/ca-certificates.crt \
    && install -d -o 65532 -g 65532 -m 700 /image/data

FROM scratch
COPY --from=build /image /
# Numbers, so that Kubernetes sees that it is not root.
USER 65532:65532
ENV HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=7s --start-period=10s --retries=3 CMD ["/usr/bin/users-api", "health"]
ENTRYPOINT ["/usr/bin/users-api"]
