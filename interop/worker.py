"""Runs Python expressions for the Go tests, with the real async-caches and redis-py.

    python worker.py FOLDER_OF_ASYNC_CACHES

Each line on stdin is a JSON object, and so is each answer on stdout. Answers carry the id of their command and come in the order in
which the commands end: all of them run at once, on one event loop, as in a Python service.

    {"id": 1, "open": "c7", "url": "redis://…", "options": {"key_prefix": "shop"}}   async-caches' Cache
    {"id": 2, "open": "r8", "redis": "redis://…"}                                    redis-py's client, which gives and takes bytes
    {"id": 3, "run": "c.set(k, 1, ttl=60)", "on": "c7", "as": "c", "with": {"k": "a"}}
    {"id": 4, "run": "c.incr('n')", "on": "c7", "as": "c", "times": 1000, "tasks": 8}
    {"id": 5, "close": "c7"}
    {"id": 6, "about": true}

The first two connect: "open" is how the others name it. "run" is an expression, and what can be awaited is; "times" evaluates it that
often, from so many tasks at once, and answers with the list of its values. The last one tells which versions run.

An answer has the value as JSON in "json" (Python's, with bare NaN), as base64 in "bytes", and as Python shows it in "repr"; or else
the type and the text of an exception.
"""

import asyncio
import base64
import decimal
import hashlib
import inspect
import json
import pathlib
import platform
import sys
import uuid

sys.path.insert(0, sys.argv[1])

import aioredis  # noqa: E402
import caches  # noqa: E402
import redis.asyncio  # noqa: E402

opened = {}


async def steps(*calls):
    """One after the other; the value of the last one that has any."""
    last = None
    for call in calls:
        value = await call()
        last = last if value is None else value
    return last


async def length(awaitable):
    return len(await awaitable)


async def same(awaitable, want):
    """Whether value and types are the same, in any order of keys: 1 is not 1.0 here, and 0.0 not -0.0."""
    return json.dumps(await awaitable, sort_keys=True) == json.dumps(want, sort_keys=True)


async def move(cache, source, target):
    await cache.set(target, await cache.get(source))


async def coroutine(value, seconds=0):
    await asyncio.sleep(seconds)
    return value


async def fn(*args, **kwds):
    return [list(args), kwds]


async def fn2(a, b):
    return [a, b]


# The vectors were made from functions inside of one called main.
fn.__qualname__ = "main.<locals>.fn"
fn2.__qualname__ = "main.<locals>.fn2"

# What expressions may use.
helpers = {
    "coroutine": coroutine,
    "fn": fn,
    "fn2": fn2,
    "length": length,
    "move": move,
    "same": same,
    "steps": steps,
    "asyncio": asyncio,
    "Cache": caches.Cache,
    "Decimal": decimal.Decimal,
    "UUID": uuid.UUID,
    "inf": float("inf"),
    "nan": float("nan"),
}


async def open_(command):
    name = command["open"]
    if "redis" in command:
        opened[name] = redis.asyncio.from_url(command["redis"])
        return await opened[name].ping()
    cache = caches.Cache(command["url"], **command.get("options") or {})
    await cache.connect()
    opened[name] = cache
    return None


async def close(command):
    thing = opened.pop(command["close"])
    await (thing.disconnect() if isinstance(thing, caches.Cache) else thing.aclose())


def blobs(folder):
    """The files of the package that is running, each with the name that git gives to its content."""
    root = folder / "caches"
    return {
        path.relative_to(folder).as_posix(): hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        for data in [path.read_bytes()]
    }


def about():
    return {
        "python": platform.python_version(),
        "aioredis": aioredis.__version__,
        "redis-py": redis.__version__,
        "caches": blobs(pathlib.Path(caches.__file__).parent.parent),
    }


async def once(code, names):
    value = eval(code, names)
    return await value if inspect.isawaitable(value) else value


async def run(command):
    names = {**helpers, **(command.get("with") or {}), command["as"]: opened[command["on"]]}
    code = compile(command["run"], "<the test>", "eval")
    if "times" not in command:
        return await once(code, names)

    tasks = command["tasks"]

    async def some(n):
        return [await once(code, names) for _ in range(n)]

    share, rest = divmod(command["times"], tasks)
    parts = await asyncio.gather(*(some(share + (i < rest)) for i in range(tasks)))
    return [value for part in parts for value in part]


async def answer(command):
    try:
        if "open" in command:
            value = await open_(command)
        elif "close" in command:
            value = await close(command)
        elif "about" in command:
            value = about()
        else:
            value = await run(command)
    except Exception as fault:  # also assertions
        return {"raises": type(fault).__name__, "text": str(fault)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode(), "repr": repr(value)}
    try:
        return {"json": json.dumps(value), "repr": repr(value)}
    except (TypeError, ValueError):
        return {"repr": repr(value)}


async def serve(line):
    command = json.loads(line)
    reply = {"id": command["id"], **await answer(command)}
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


async def main():
    loop = asyncio.get_running_loop()
    running = set()
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        task = loop.create_task(serve(line))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
