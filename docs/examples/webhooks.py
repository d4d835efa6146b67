"""Receives webhooks on http://127.0.0.1:3000/hooks, checks that Livetran sent them, and prints them."""

import hashlib
import hmac
import json
import os
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["WEBHOOK_SECRET"].encode()


def is_from_livetran(header, path, raw_body):
    """Whether a webhook is signed with our secret, over its raw bytes. Two v1: the secret is being changed."""
    match = re.fullmatch(r"t=(\d+(?:\.\d+)?)((?:,v1=[0-9a-f]{64}){1,4})", header or "")
    if not match or abs(time.time() - float(match[1])) > 300:
        return False
    text = f"{match[1]}.POST.{path}.".encode() + raw_body
    expected = hmac.new(SECRET, text, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(given, expected) for given in match[2].split(",v1=")[1:])


class Webhooks(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = is_from_livetran(self.headers["LT-SIGNATURE"], self.path, body)
        if good:
            event = json.loads(body)
            # A delivery can be repeated: do your work once for each event["EventId"].
            print(event["StreamId"], event["Status"], event["Reason"], event["StreamLink"], flush=True)
        self.send_response(204 if good else 400)
        self.end_headers()

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Webhooks).serve_forever()
