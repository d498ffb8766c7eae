"""The tasks that the Go tests start. Go workers know those of the queue "go", which have no code here."""

import datetime
import decimal
import os
import uuid

import redis
from celery import Task, group, shared_task
from celery.exceptions import Ignore, Reject
from celery.result import AsyncResult


class OutOfStock(Exception):
    """An exception of the application's own."""

    class Soon(Exception):
        """One inside of a class."""


class Fussy(Exception):
    """Its constructor does not take what is stored of it."""

    def __init__(self, a, *, needed):
        super().__init__(a)

    def __reduce__(self):
        return _fussy, self.args


def _fussy(a):
    return Fussy(a, needed=1)


@shared_task
def add(x, y):
    return x + y


@shared_task
def total(numbers):
    return sum(numbers)


@shared_task
def echo(value):
    return value


VALUES = {
    "none": None,
    "true": True,
    "int": 42,
    "negative": -1,
    "large": 2**53 + 1,
    "huge": 2**70,
    "float": 0.1,
    "whole": 1.0,
    "exponent": 1e22,
    "tiny": 5e-324,
    "nan": float("nan"),
    "inf": float("inf"),
    "-inf": float("-inf"),
    "empty": "",
    "text": "zażółć 😀\x7f\u2028\"\\\n",
    "long": "word " * 40,
    "list": [1, [2, [3, []]]],
    "tuple": (1, ("a", None)),
    "dict": {"b": 1, "a": {"é": [True]}},
    "keys": {1: "int", None: "none", True: "bool"},
    "datetime": datetime.datetime(2024, 2, 29, 12, 34, 56, 123456, datetime.timezone.utc),
    "offset": datetime.datetime(2024, 2, 29, 12, 34, 56, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
    "naive": datetime.datetime(2024, 2, 29, 12, 34, 56),
    "date": datetime.date(2024, 2, 29),
    "time": datetime.time(12, 34, 56, 7),
    "decimal": decimal.Decimal("1.10"),
    "uuid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "bytes": b"abc",
    "binary": b"\xff\x00\x01",
    "set": {1},
    "object": object,
}


@shared_task
def value(name):
    return VALUES[name]


RAISED = {
    "ValueError": lambda: ValueError("boom"),
    "KeyError": lambda: KeyError("k"),
    "none": lambda: ValueError(),
    "several": lambda: ValueError("a", 1, [2.5, None], {"k": "v"}),
    "OSError": lambda: FileNotFoundError(2, "No such file", "/x"),
    "own": lambda: OutOfStock("sku-1", 3),
    "inner": lambda: OutOfStock.Soon("tomorrow"),
    "fussy": lambda: Fussy("a", needed=1),
    "object": lambda: ValueError(object, {1}),
    "unicode": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    "text": lambda: ValueError("zażółć 'quoted' \"twice\"\n😀"),
}


@shared_task
def fail(name):
    raise RAISED[name]()


@shared_task(ignore_result=True)
def ignored():
    return 1


@shared_task(bind=True)
def leave(self, state, meta=None):
    """Stores a state and leaves it there."""
    self.update_state(state=state, meta={"done": 1, "of": 2} if meta is None else meta)
    raise Ignore()


@shared_task(bind=True)
def reject(self):
    raise Reject("no", requeue=False)


class Told(Task):
    """Its second run waits until RETRY is stored of the first: Celery sends the message before it stores that."""

    def on_retry(self, exc, task_id, args, kwargs, einfo):
        with redis.Redis.from_url(os.environ["GATES"]) as r:
            r.rpush("retried-" + task_id, 1)

    def before(self):
        if self.request.retries:
            _wait("retried-" + self.request.id)


@shared_task(bind=True, base=Told, max_retries=1)
def again(self, times, why=None):
    """Fails so many times."""
    self.before()
    if self.request.retries < times:
        raise self.retry(exc=RAISED[why]() if why else None, countdown=0)
    return self.request.retries


@shared_task(bind=True, base=Told, max_retries=1)
def retrying(self, gate):
    """Is run again when it is let: the RETRY can be looked at until then."""
    self.before()
    if self.request.retries:
        with redis.Redis.from_url(os.environ["GATES"]) as r:
            r.rpush("waits-" + self.request.id, 1)
        _wait(gate)
        return "at last"
    raise self.retry(exc=ValueError("not yet"), countdown=0)


def _wait(gate):
    with redis.Redis.from_url(os.environ["GATES"]) as r:
        if r.blpop([gate], timeout=60) is None:
            raise TimeoutError(gate)


@shared_task(bind=True)
def steps(self, gate, states):
    """Goes through the states, each time that it is let, and ends when it is let once more."""
    for i, state in enumerate(states):
        self.update_state(state=state, meta={"step": i})
        _wait(gate)
    return len(states)


@shared_task
def wait(gate, value=None):
    _wait(gate)
    if isinstance(value, str) and value in RAISED:
        raise RAISED[value]()
    return value


@shared_task(bind=True)
def spawn(self):
    """Starts a task, and a group, and is known as their parent."""
    one = add.delay(1, 1)
    two = group(add.s(2, 2), add.s(3, 3)).delay()
    return [one.id, two.id]


@shared_task
def returns_result():
    return add.delay(4, 4)


@shared_task(bind=True)
def replaced(self):
    raise self.replace(add.s(20, 22))


@shared_task(bind=True)
def grows(self):
    """In a chord's header, it becomes two parts more."""
    raise self.replace(group(add.s(1, 10), add.s(1, 20)))


@shared_task(bind=True)
def more(self, x, y):
    """In a chord's header, it adds a part."""
    self.add_to_chord(add.s(x, y))
    return 1


@shared_task
def noted(task_id):
    """An errback that takes the id, which is sent as a message of its own."""
    with redis.Redis.from_url(os.environ["GATES"]) as r:
        r.rpush("errback-" + task_id, "noted " + repr(AsyncResult(task_id).result))


@shared_task
def handled(request, exc, traceback):
    """An errback that the worker itself calls which has seen the failure."""
    with redis.Redis.from_url(os.environ["GATES"]) as r:
        r.rpush("errback-" + request.id, "handled " + repr(exc))
