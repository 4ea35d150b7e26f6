# The web interface
FROM node:20-slim AS ui
WORKDIR /src/ui
COPY ui/package.json ui/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY ui/ ./
COPY app/connector/ ../app/connector/
RUN npm run build

# One static binary with it inside
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=ui /src/ui/dist ui/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -tags nodynamic -trimpath -ldflags "-s -w -X github.com/omniposto/omniposto/app.Version=${VERSION}" -o /omniposto . \
    && mkdir -p /data && chown 65532:65532 /data

# Nothing else: no shell, no root, a root file system that can be read-only
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /omniposto /omniposto
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
VOLUME /data
ENV OMNIPOSTO_DATA=/data OMNIPOSTO_LISTEN=0.0.0.0:8080 TMPDIR=/data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/omniposto", "health"]
ENTRYPOINT ["/omniposto"]
CMD ["serve"]
