"""Runs Python expressions for the Go tests, with the clients of Memcached that Python has.

    python worker.py FOLDER_OF_THEIRS

Each line on stdin is a JSON object, and so is each answer on stdout. They are done one after the other.

    {"id": 1, "open": "c1", "client": "pylibmc", "servers": ["127.0.0.1:11211"], "options": {"behaviors": {"ketama": true}}}
    {"id": 2, "run": "c.set(k, '1', time=60)", "on": "c1", "with": {"k": "a"}}

"open" is how the others name a client: pylibmc, python-memcached, or pymemcache, with values by type (serde) or as they are (raw). "run" is
an expression, in which c is the client. An answer has the value as JSON in "json", if it has such a form, and as Python shows it in
"repr"; or else the type and the text of an exception.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import memcache  # noqa: E402
import pylibmc  # noqa: E402
import pymemcache  # noqa: E402
import pymemcache.client.base  # noqa: E402
import pymemcache.serde  # noqa: E402

opened = {}


def open_client(command):
    servers, options = command["servers"], command.get("options") or {}
    kind = command["client"]
    if kind == "pylibmc":
        return pylibmc.Client(servers, **options)
    if kind == "python-memcached":
        return memcache.Client(servers, **options)
    serde = {
        "raw": None,
        "serde": pymemcache.serde.pickle_serde,
        "compressed": pymemcache.serde.compressed_serde,
    }[kind.removeprefix("pymemcache-")]
    return pymemcache.client.base.Client(servers[0], serde=serde, allow_unicode_keys=True, default_noreply=False, **options)


def answer(command):
    if "open" in command:
        opened[command["open"]] = open_client(command)
        return None
    names = {"json": json, "c": opened[command["on"]], **(command.get("with") or {})}
    return eval(command["run"], names)


def form(value):
    try:
        return json.dumps(value)
    except TypeError:
        return None


for line in sys.stdin:
    command = json.loads(line)
    reply = {"id": command["id"]}
    try:
        value = answer(command)
        reply.update(json=form(value), repr=repr(value))
    except Exception as e:
        reply.update(raises=type(e).__name__, text=str(e))
    print(json.dumps(reply), flush=True)
