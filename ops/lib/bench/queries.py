"""Reading answers ÷ constant answers of the same server."""

import urllib.error
import urllib.request

from report import Reading
from server import LOCKS


def queries(build, seconds):
    server = build.one
    ours, _ = server.wrk(
        f'local n = 0\nfunction request() n = n + 1; return wrk.format("GET", "/locks/" .. (1 + n % {LOCKS}) .. "/basic-info") end', seconds)
    constant, _ = server.wrk('function request() return wrk.format("GET", "/constant/of/about/the/same/size") end', seconds)
    return {"queries": Reading(ours, "GET basic-info/s ÷ constant answers (the 404 body)", constant)}


def lists(build, seconds):
    """The list of a user with five hundred locks ÷ a constant answer of its size.

    No constant has that size, so the floor is read off the line through two that have others: the time of an answer grows with its bytes.
    """
    server = build.one
    if not build.rich_user:
        build.rich_user = server.user()
        for n in range(500):
            server.call(f"/users/{build.rich_user}/AddAccessibleLock",
                        {"lockId": str(n), "lockName": f"Door {n} of the house", "accessLevel": "USER", "grantedBy": "bench"})

    def measured(path):
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers={"X-API-Key": server.key})
        try:
            size = len(urllib.request.urlopen(request).read())
        except urllib.error.HTTPError as refusal:
            size = len(refusal.read())
        return size, server.wrk(f'function request() return wrk.format("GET", "{path}") end', seconds)[0]

    (size, ours), (small, fast), (large, slow) = (measured(path) for path in (f"/users/{build.rich_user}/accessible-locks", "/nowhere", "/docs"))
    floor = 1 / (1 / fast + (1 / slow - 1 / fast) * (size - small) / (large - small))
    return {"list": Reading(ours, f"lists of 500 locks/s ({size:,} bytes) ÷ constant answers of that size, between {small} and {large:,} bytes", floor)}
