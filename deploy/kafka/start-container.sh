#!/bin/bash
# Start the official image under a cluster id that belongs to its data. The image's default id is the same for
# everybody and for ever: with it, a broker whose volume was lost would look like the old one, and no service
# would know that it has to publish its outbox again.
set -euo pipefail
metadata="${KAFKA_LOG_DIRS:?}/meta.properties"
if [ -f "$metadata" ]; then
    CLUSTER_ID="$(sed -n 's/^cluster\.id=//p' "$metadata")"
else
    CLUSTER_ID="$(/opt/kafka/bin/kafka-storage.sh random-uuid)"
fi
export CLUSTER_ID
exec /etc/kafka/docker/run
