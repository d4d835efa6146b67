"""Hooks of schemathesis: signs each request as docs/authentication.md says."""

import hashlib
import hmac
import os
import time

import requests
import schemathesis

SECRET = os.environ["HMAC_SECRET"].encode()


class Signature(requests.auth.AuthBase):
    def __call__(self, request):
        # A case without the header tests what comes without a signature.
        if "LT-SIGNATURE" not in request.headers:
            return request
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        t = f"{time.time():.9f}"
        text = f"{t}.{request.method}.{request.path_url}.".encode() + body
        request.headers["LT-SIGNATURE"] = f"t={t},v1={hmac.new(SECRET, text, hashlib.sha256).hexdigest()}"
        return request


@schemathesis.hook
def before_call(context, case, kwargs):
    kwargs["auth"] = Signature()
