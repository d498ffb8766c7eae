"""Runs Python for the Go tests, as a program that uses Celery: python client.py FOLDER LIBRARY.

Each line on stdin is a JSON object, and so is each answer on stdout. Answers carry the id of their command and come in the order in
which the commands end: each of them has a thread of its own.

    {"id": 1, "app": "redis-json", "config": {"result_backend": "redis://…"}}
    {"id": 2, "on": "redis-json", "run": "add.delay(x, 2).get()", "with": {"x": 1}}

The first makes an application; "run" is Python, whose last line may be an expression: its value is the answer, as JSON in "json" if it
has such a form, and as Python shows it in "repr"; or else the type and the text of an exception.
"""

import ast
import json
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import apps  # noqa: E402
import celery  # noqa: E402
import kombu  # noqa: E402
import redis  # noqa: E402
import tasks  # noqa: E402
from celery import chain, chord, group  # noqa: E402
from celery.result import AsyncResult, GroupResult, allow_join_result, result_from_tuple  # noqa: E402

made = {}
out = threading.Lock()
parsing = threading.Lock()
gates = redis.Redis.from_url(os.environ["GATES"])


def raised(call):
    """What a call raises, for what is to be looked at of it."""
    try:
        call()
    except BaseException as exc:  # also SystemExit
        return exc
    raise AssertionError("nothing was raised")


def say(key):
    """For on_interval: tells the Go side that Python waits."""
    return lambda *_: gates.rpush(key, 1)


def cls(x):
    return type(x).__module__ + "." + type(x).__qualname__


def lists(x):
    x = x.as_tuple() if hasattr(x, "as_tuple") else x  # children are tuples as long as the task is not ready
    return [lists(y) for y in x] if isinstance(x, (list, tuple)) else x


def look(id):
    """What Python sees of a result, field for field."""
    r = AsyncResult(id)
    meta = r.backend.get_task_meta(id)
    result = r.result
    return {
        "state": r.state,
        "result": repr(result),
        "exception": cls(result) if isinstance(result, BaseException) else "",
        "traceback": r.traceback or "",
        "children": lists(r.children),
        "done": r.date_done.isoformat() if r.date_done else "",
        "group": meta.get("group_id") or "",
        "parent": meta.get("parent_id") or "",
        "name": meta.get("name") or "",
        "args": repr(meta.get("args")),
        "kwargs": repr(meta.get("kwargs")),
        "worker": meta.get("worker") or "",
        "retries": meta.get("retries") or 0,
        "queue": meta.get("queue") or "",
    }


helpers = {
    "AsyncResult": AsyncResult,
    "GroupResult": GroupResult,
    "allow_join_result": allow_join_result,
    "celery": celery,
    "chain": chain,
    "chord": chord,
    "group": group,
    "cls": cls,
    "kombu": kombu,
    "look": look,
    "raised": raised,
    "redis": redis,
    "result_from_tuple": result_from_tuple,
    "say": say,
    "tasks": tasks,
    **{name: thing for name, thing in vars(tasks).items() if hasattr(thing, "delay")},
}


def run(command):
    app = made[command["on"]]
    app.set_current()  # of this thread
    names = {**helpers, "app": app, **(command.get("with") or {})}
    statements, value = compiled(command["run"])
    exec(statements, names)
    return eval(value, names)


def compiled(code):
    with parsing:  # which Python 3.11 does not do in two threads
        tree = ast.parse(code, "<the test>")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else ast.Expr(ast.Constant(None))
        value = ast.fix_missing_locations(ast.Expression(last.value))
        return compile(tree, "<the test>", "exec"), compile(value, "<the test>", "eval")


def make(command):
    made[command["app"]] = app = apps.make(command["config"])
    app.loader.import_default_modules()
    app.finalize()
    return celery.__version__


def answer(command):
    try:
        value = make(command) if "app" in command else run(command)
    except BaseException as fault:  # also SystemExit
        return {"raises": type(fault).__name__, "text": str(fault)}
    try:
        return {"json": json.dumps(value), "repr": repr(value)}
    except (TypeError, ValueError):
        return {"repr": repr(value)}


def serve(command):
    line = json.dumps({"id": command["id"], **answer(command)})
    with out:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


for line in sys.stdin:
    threading.Thread(target=serve, args=(json.loads(line),), daemon=True).start()
os._exit(0)  # without waiting for what still waits
