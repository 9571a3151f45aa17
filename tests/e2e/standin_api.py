# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the stand-ins of Gthulhu's API servers share. An API has `routes`: (method, path) -> (kind, handler, open without
a token)."""
import base64
import binascii
import json
import re
import time

RSA_OID = bytes.fromhex("06092a864886f70d010101")
NOT_FOUND = {"message": "Not Found"}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def spki(pem):
    """The bytes of a PEM block "PUBLIC KEY", or the reason why not."""
    found = re.search(r"-----BEGIN ([A-Z ]+)-----\s(.*?)-----END \1-----", pem, re.S)
    if not found:
        return "failed to decode PEM block containing public key"
    try:
        der = base64.b64decode("".join(found.group(2).split()), validate=True)
    except binascii.Error:
        return "failed to decode PEM block containing public key"
    if found.group(1) != "PUBLIC KEY" or not der.startswith(b"\x30"):
        return "failed to parse public key: asn1: structure error"
    return der if RSA_OID in der[:40] else "public key is not RSA"


def first_value(text):
    """As Go's decoder does: what follows the first value is ignored. ValueError."""
    if not text.strip():
        raise ValueError("EOF")
    return json.JSONDecoder().raw_decode(text.lstrip())[0]


def is_int(value, least=None):
    return isinstance(value, int) and not isinstance(value, bool) and (least is None or value >= least)


class Api:
    def __init__(self, server):
        self.server = server
        self.routes = {}

    def fail(self, h, status, text):
        h.reply(status, {"success": False, "error": text})

    def succeed(self, h, **fields):
        h.reply(200, {"success": True, "timestamp": now(), **fields})

    def token_state(self, text):
        end = self.server.tokens.get(text)
        if end is None:  # as of a server with another key
            return "token signature is invalid: crypto/rsa: verification error"
        return "token has invalid claims: token is expired" if end <= time.time() else ""

    def admits(self, h):
        header = h.headers.get("Authorization")
        if not header:
            self.fail(h, 401, "Authorization header is required")
        elif not header.startswith("Bearer "):
            self.fail(h, 401, "Authorization header must start with 'Bearer '")
        else:
            state = self.token_state(header[len("Bearer "):])
            if state:
                self.fail(h, 401, f"Invalid or expired token: {state}")
            return not state
        return False

    def unknown(self, h):
        h.reply(404, NOT_FOUND)

    def verify_key(self, h, bad_request, refused):
        try:
            request = first_value(h.body)
            key = request.get("public_key", "") if isinstance(request, dict) else None
            if not isinstance(key, str):
                raise ValueError("json: cannot unmarshal into Go struct field")
        except ValueError as error:
            self.fail(h, 400, bad_request(error))
            return False
        der = spki(key)
        if isinstance(der, bytes) and self.server.key and der != spki(self.server.key):
            der = "public key does not match server's private key"
        if isinstance(der, str):
            self.fail(h, 401, refused(der))
            return False
        return True
