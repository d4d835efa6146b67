#!/usr/bin/env bash
# Starts a stream, prints where the encoder publishes and what viewers play, and stops it on Enter.
set -euo pipefail

id=${STREAM_ID:-show-1}

call() { # METHOD path [body]: one signed call; prints the JSON of its answer
  local body=${3:-} t v1
  t=$(date +%s).$((RANDOM * 10000 + RANDOM % 10000)) # a signature is good for one request
  v1=$(printf %s "$t.$1.$2.$body" | openssl dgst -sha256 -hmac "$HMAC_SECRET" -r | cut -d' ' -f1)
  curl -sS --fail-with-body -X "$1" "$API_URL$2" -H "LT-SIGNATURE: t=$t,v1=$v1" \
    ${body:+-H 'Content-Type: application/json' --data-raw "$body"}
}

wait_for() { # field: prints it as soon as the stream has it
  local stream value
  while :; do
    stream=$(call GET "/v1/streams/$id") || exit
    value=$(sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$stream")
    [ -z "$value" ] || break
    [[ $stream != *'"state":"STOPPED"'* ]] || { echo "$stream" >&2; exit 1; }
    sleep 1
  done
  printf '%s\n' "$value"
}

call POST /v1/streams "{\"stream_id\":\"$id\",\"webhook_urls\":[${WEBHOOK_URL:+\"$WEBHOOK_URL\"}]}" >/dev/null
srt_url=$(wait_for srt_url)
echo "Encoder: $srt_url"
stream_link=$(wait_for stream_link)
echo "Viewers: $stream_link"
read -r -p 'Enter stops the stream ' || true
call DELETE "/v1/streams/$id" >/dev/null
