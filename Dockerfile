# One image for all roles: `node api/main.ts` (default), `node worker/main.ts` and `node router/main.ts`.
# Another base with this Node and npm: --build-arg NODE_IMAGE=…
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
FROM ${NODE_IMAGE}

# Debian's ffmpeg brings libsrt, which the worker loads.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ffmpeg \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY package.json package-lock.json ./
# The image has this Node already: the package `node`, for hosts with another one, would be 120 MB more.
RUN npm ci --omit=dev --no-audit --no-fund --loglevel=error \
 && npm cache clean --force \
 && rm -rf node_modules/node node_modules/.bin/node
COPY . .

# Everything that is written at run time; a volume mounted here takes this owner over.
RUN mkdir -p /data/spool /data/keys /data/output && chown -R node:node /data
USER node
ENV DATA_DIR=/data \
    SPOOL_DIR=/data/spool \
    OUTPUT_DIR=/data/output \
    TLS_CERT_FILE=/data/keys/localhost.pem \
    TLS_KEY_FILE=/data/keys/localhost-key.pem

EXPOSE 8080
CMD ["node", "api/main.ts"]
