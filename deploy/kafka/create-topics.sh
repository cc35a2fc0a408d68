#!/bin/bash
# Create the platform's topics, those missing. A record is kept as long as the services' outboxes keep theirs
# (7 days): whoever was away longer is served from neither.
set -euo pipefail
for context in identity catalog learning assessment instructor schedule platform; do
    /opt/kafka/bin/kafka-topics.sh --bootstrap-server "${1:?the broker, host:port}" \
        --create --if-not-exists --topic "$context.events" --partitions 4 --replication-factor 1 \
        --config retention.ms=604800000
done
