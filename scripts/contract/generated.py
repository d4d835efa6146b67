"""A program with a client that openapi-python-client made: starts a stream, follows it, and stops it."""

import hashlib
import hmac
import json
import os
import time

import httpx
from livetran_generated import Client
from livetran_generated.api.events import follow_stream
from livetran_generated.api.streams import create_stream, get_stream, stop_stream
from livetran_generated.models import StartStream, Stream


class Signature(httpx.Auth):
    requires_request_body = True

    def auth_flow(self, request):
        t = f"{time.time():.9f}"
        text = f"{t}.{request.method}.{request.url.raw_path.decode()}.".encode() + request.content
        digest = hmac.new(os.environ["HMAC_SECRET"].encode(), text, hashlib.sha256).hexdigest()
        request.headers["LT-SIGNATURE"] = f"t={t},v1={digest}"
        yield request


client = Client(base_url=f"{os.environ['API_URL']}/v1", httpx_args={"auth": Signature()}, timeout=httpx.Timeout(20))
stream = create_stream.sync(client=client, body=StartStream(title="from a generated client"))
assert isinstance(stream, Stream), stream
assert stream.state == "READY" and stream.srt_url, stream

states = []
events = follow_stream._get_kwargs(stream.stream_id)
with client.get_httpx_client().stream(events["method"], events["url"]) as response:
    for line in response.iter_lines():
        if not line.startswith("data:"):
            continue
        states.append(json.loads(line[5:])["state"])
        if states[-1] == "READY":
            stopped = stop_stream.sync(stream.stream_id, client=client)
            assert isinstance(stopped, Stream), stopped
        if states[-1] == "STOPPED":
            break
shown = get_stream.sync(stream.stream_id, client=client)
assert isinstance(shown, Stream) and shown.reason == "user_stop", shown
print(f"a generated Python client: {' → '.join(states)}")
