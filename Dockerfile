# The gateway as one static binary, run by nobody in particular, with nothing
# beside it: no shell, no library, no package to keep up to date.
#
#   docker build -t gsp .
#   docker run --name gsp -v gsp:/data -v gsp-backup:/backup \
#     -p 465:8465 -p 993:8993 -p 443:8443 gsp
#   docker exec gsp /gsp party add ke Kenya
#   docker exec gsp /gsp backup /backup/monday

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# netgo and osusergo keep the C library's resolver and user tables out: they
# cannot be linked statically. SQLite is C, and loads no extensions.
RUN CGO_ENABLED=1 go build -trimpath \
      -tags sqlite_omit_load_extension,netgo,osusergo \
      -ldflags '-s -w -linkmode external -extldflags -static' \
      -o /out/gsp . \
 && install -d -m 0700 /out/data \
 && /out/gsp config check --config configs/container.toml

FROM scratch
COPY --from=build /out/gsp /gsp
COPY --from=build /src/configs/container.toml /etc/gsp/gsp.toml
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/data /backup
# There is no /tmp here; SQLite sorts large results in a file.
ENV GSP_CONFIG=/etc/gsp/gsp.toml TMPDIR=/data
USER 65532:65532
VOLUME /data /backup
EXPOSE 8465 8993 8443
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/gsp", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/gsp"]
CMD ["serve"]
