"""The peer of `fastapi`: AddKey as a small FastAPI + asyncpg server would do it, with the same facts stored at the same moments.

The key is looked up, the lock's state is read, changed and stored with its event, outbox row, action and command in one transaction. The
device answers at once, in a task of its own, which stores the acknowledgement in a second transaction. Run by uvicorn (uvloop, httptools).
"""

import asyncio
import contextlib
import hashlib
import json
import os
import time
import uuid

import asyncpg
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel

TABLES = """
CREATE TABLE IF NOT EXISTS api_keys (digest BYTEA PRIMARY KEY, org TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS locks (id BIGINT PRIMARY KEY, org TEXT NOT NULL, version BIGINT NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (lock BIGINT, version BIGINT, type TEXT NOT NULL, data TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (lock, version));
CREATE TABLE IF NOT EXISTS outbox (position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL, subject TEXT NOT NULL, data TEXT NOT NULL, at BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS actions (id TEXT PRIMARY KEY, type TEXT NOT NULL, lock BIGINT NOT NULL, status TEXT NOT NULL, at BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS commands (id TEXT PRIMARY KEY, lock BIGINT NOT NULL, command TEXT NOT NULL, args TEXT NOT NULL, stage TEXT NOT NULL, at BIGINT NOT NULL);
"""


class AddKey(BaseModel):
    keyUuid: str
    keyIndexNumber: int


pool: asyncpg.Pool
unfinished: set[asyncio.Task] = set()


@contextlib.asynccontextmanager
async def lifespan(_):
    global pool
    pool = await asyncpg.create_pool(os.environ["PEER_DATABASE"], min_size=8, max_size=8)
    async with pool.acquire() as connection:
        await connection.execute(TABLES)
        await connection.execute("INSERT INTO api_keys VALUES ($1, 'bench') ON CONFLICT DO NOTHING", hashlib.sha256(b"bench").digest())
        await connection.executemany("INSERT INTO locks VALUES ($1, 'bench', 0, '{\"keys\": {}}') ON CONFLICT DO NOTHING",
                                     [(n,) for n in range(1, 2001)])
    yield
    await asyncio.gather(*unfinished)
    await pool.close()


app = FastAPI(lifespan=lifespan)


@app.get("/unfinished")
async def count():
    return len(unfinished)


@app.post("/locks/{lock}/AddKey")
async def add_key(lock: int, body: AddKey, x_api_key: str = Header()):
    now, action = int(time.time() * 1000), str(uuid.uuid4())
    async with pool.acquire() as connection, connection.transaction():
        org = await connection.fetchval("SELECT org FROM api_keys WHERE digest = $1", hashlib.sha256(x_api_key.encode()).digest())
        if org is None:
            raise HTTPException(401, "The API key is not valid.")
        row = await connection.fetchrow("SELECT org, version, state FROM locks WHERE id = $1 FOR UPDATE", lock)
        if row is None or row["org"] != org:
            raise HTTPException(404, "There is no such lock.")
        state, version = json.loads(row["state"]), row["version"] + 1
        if body.keyUuid in state["keys"]:
            raise HTTPException(409, "The lock has this key.")
        state["keys"][body.keyUuid] = body.keyIndexNumber
        event = json.dumps({"lockId": lock, "keyUuid": body.keyUuid, "keyIndexNumber": body.keyIndexNumber, "timestamp": now})
        await connection.execute("UPDATE locks SET version = $2, state = $3 WHERE id = $1", lock, version, json.dumps(state))
        await connection.execute("INSERT INTO events VALUES ($1, $2, 'KeyAdded', $3, $4)", lock, version, event, now)
        await connection.execute("INSERT INTO outbox (name, subject, data, at) VALUES ('KeyAdded', $1, $2, $3)", str(lock), event, now)
        await connection.execute("INSERT INTO actions VALUES ($1, 'AddKey', $2, 'pending', $3)", action, lock, now)
        await connection.execute("INSERT INTO commands VALUES ($1, $2, 'add_key', $3, 'accepted', $4)", action, lock, event, now)
    task = asyncio.create_task(acknowledge(action, lock, now))
    unfinished.add(task)
    task.add_done_callback(unfinished.discard)
    return {"success": True, "aggregateId": str(lock), "version": version, "event": {"type": "KeyAdded", "data": json.loads(event)}}


async def acknowledge(action, lock, now):
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE commands SET stage = 'succeeded' WHERE id = $1", action)
        await connection.execute("UPDATE actions SET status = 'success' WHERE id = $1", action)
        await connection.execute("INSERT INTO outbox (name, subject, data, at) VALUES ('CommandEnded', $1, '{}', $2)", str(lock), now)
