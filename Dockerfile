# The image of both processes: its first argument says which, `webhook` or `reconciler`; the rest are that
# process's flags.
#
#   docker build -t egressip-ipam:0.1.0 .
#   docker run --rm egressip-ipam:0.1.0 webhook --help

FROM node:26-slim AS dependencies
WORKDIR /app
COPY .npmrc package.json package-lock.json ./
# The optional dependencies are Node itself, for checkouts; this image has it. No install script is needed.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:26-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY shared ./shared
COPY certs ./certs
COPY webhook ./webhook
COPY reconciler ./reconciler
# By number, so that a cluster can see that it is not root. OpenShift runs it as a user of its own choosing,
# in group 0.
USER 1000:0
# exec, so that node is process 1 and gets the signals.
ENTRYPOINT ["/bin/sh", "-c", "exec node \"/app/$0/main.ts\" \"$@\""]
CMD ["webhook", "--help"]
