"""The main job against a running server: every step is seen to happen, or the exit status is 1. Standard library only."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BASE = os.environ["SPKEY_PUBLIC_URL"]
STAFF = {"X-Admin-API-Key": os.environ["SPKEY_ADMIN_API_KEY"], "Authorization": "Bearer " + os.environ["SPKEY_STAFF_TOKEN"]}
SECRET = secrets.token_bytes(24)
received, arrived = [], threading.Condition()


class Receiver(BaseHTTPRequestHandler):
    """The partner's webhook: checks the signature before it believes anything."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
        is_genuine = hmac.compare_digest(wanted, self.headers["webhook-signature"] or "")
        self.send_response(204 if is_genuine else 401)
        self.end_headers()
        with arrived:
            received.append((json.loads(body), is_genuine))
            arrived.notify_all()

    def log_message(self, *arguments):
        pass


def call(method, path, body=None, headers=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(BASE + path, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {path}: {error.code} {error.read().decode()}")


def delivery(name, timeout=15):
    deadline = time.monotonic() + timeout
    with arrived:
        while True:
            for body, is_genuine in received:
                if body["detail-type"] == name:
                    if not is_genuine:
                        sys.exit(f"the signature of {name} is wrong")
                    return body["detail"]
            if not arrived.wait(max(0, deadline - time.monotonic())):
                sys.exit(f"no {name} within {timeout} s; got {[b['detail-type'] for b, _ in received]}")


started = last = time.monotonic()


def step(words):
    global last
    now = time.monotonic()
    print(f"  {(now - last) * 1000:7.1f} ms  {words}", flush=True)
    last = now


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
org, hub, lock, lock_uuid = f"demo-{secrets.token_hex(3)}", str(uuid.uuid4()), secrets.randbelow(2**31 - 2) + 1, str(uuid.uuid4())

print("The main job:")
call("POST", f"/tenants/{org}/register", {"orgName": "Demo", "ownerEmail": "owner@example.com"}, STAFF)
step(f"tenant {org} registered")
key = {"X-API-Key": call("POST", "/api-keys", {"orgId": org, "orgName": "Demo"}, STAFF)[0]["apiKey"]}
step("API key created")
url = f"http://127.0.0.1:{server.server_address[1]}/hook"
call("POST", f"/tenants/{org}/webhooks", {"url": url, "events": ["*"], "secret": "whsec_" + base64.b64encode(SECRET).decode()}, STAFF)
step("webhook added")
call("POST", f"/hubs/{hub}/ProvisionHub", {"hubId": hub, "serial": "SN-1", "model": "hub-2"}, key)
call("POST", f"/hubs/{hub}/ClaimHub", {"hubId": hub, "siteId": "site-1", "userId": "installer"}, key)
step("hub provisioned and claimed")
call("POST", f"/locks/{lock}/CreateLock", {"index": lock, "uuid": lock_uuid}, key)
step(f"lock {lock} created")
added = call("POST", f"/locks/{lock}/AddKey", {"keyUuid": "visitor", "keyIndexNumber": 1}, key)[1]["X-Action-Id"]
step("key added")
opened = call("POST", f"/locks/{lock}/OpenLock", {"reason": "demo"}, key)[1]["X-Action-Id"]
step("door asked to open")
for action in (added, opened):
    deadline = time.monotonic() + 15
    while (state := call("GET", f"/actions/{action}", headers=key)[0])["status"] == "pending":
        if time.monotonic() > deadline:
            sys.exit(f"the device did not answer: {state}")
        time.sleep(0.01)
    if state["status"] != "success":
        sys.exit(f"the device refused: {state}")
step("device confirmed the key and the open")
for name in ("LockCreated", "KeyAdded", "LockOpenRequested", "LockOpened"):
    if delivery(name)["partnerId"] != org:
        sys.exit(f"{name} came for another tenant")
if delivery("LockOpened")["aggregateId"] != opened:
    sys.exit("LockOpened names another action")
step("webhook received LockOpened, signature verified")
print(f"Done in {(time.monotonic() - started) * 1000:.0f} ms.")
