"""Starts a stream, prints where the encoder publishes and what viewers play, and stops it on Enter."""

import hashlib
import hmac
import json
import os
import sys
import time
import urllib.request

API_URL = os.environ["API_URL"]
SECRET = os.environ["HMAC_SECRET"].encode()
STREAM_ID = os.environ.get("STREAM_ID", "show-1")
WEBHOOK_URL = os.environ.get("WEBHOOK_URL")


def call(method, path, content=None):
    """One signed call. An error is an HTTPError, whose body is a problem document."""
    body = b"" if content is None else json.dumps(content).encode()
    t = f"{time.time():.9f}"  # a signature is good for one request
    v1 = hmac.new(SECRET, f"{t}.{method}.{path}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"LT-SIGNATURE": f"t={t},v1={v1}", "Content-Type": "application/json"}
    request = urllib.request.Request(API_URL + path, body or None, headers, method=method)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def wait_for(field):
    """The stream's field, as soon as the stream has it."""
    while True:
        stream = call("GET", f"/v1/streams/{STREAM_ID}")
        if stream[field]:
            return stream[field]
        if stream["state"] == "STOPPED":
            sys.exit(f"stopped: {stream['reason']}")
        time.sleep(1)


call("POST", "/v1/streams", {"stream_id": STREAM_ID, "webhook_urls": [WEBHOOK_URL] if WEBHOOK_URL else []})
print("Encoder:", wait_for("srt_url"), flush=True)
print("Viewers:", wait_for("stream_link"), flush=True)
print("Enter stops the stream", flush=True)
sys.stdin.readline()
call("DELETE", f"/v1/streams/{STREAM_ID}")
