"""Reads one stored result many times as Python programs do, and prints the nanoseconds of each:
celery_read.py WAY SECONDS VALUE [THREADS]. With several threads it is the time of all divided by the reads of all."""

import sys
import threading
import time

from celery import Celery
from celery.result import AsyncResult

way, seconds, value = sys.argv[1], float(sys.argv[2]), sys.argv[3].encode()
threads = int(sys.argv[4]) if len(sys.argv) > 4 else 1
app = Celery("bench", backend="cache+memory://")
backend = app.backend
task_id = "e1297a38-933a-5674-9069-cf91dc09d01b"
backend.set(backend.get_key_for_task(task_id), value)
ways = {
    "decode": lambda backend: backend.decode_result(value),
    "meta": lambda backend: backend.get_task_meta(task_id, cache=False),
    "result": lambda _: AsyncResult(task_id, app=app).result,
}
read = ways[way]
counts = [0] * threads


def run(i, until):
    own = app.backend  # a thread has its own
    count = 0
    while time.perf_counter_ns() < until:
        for _ in range(50):
            read(own)
        count += 50
    counts[i] = count


began = time.perf_counter_ns()
until = began + seconds * 1e9
others = [threading.Thread(target=run, args=(i, until)) for i in range(1, threads)]
for t in others:
    t.start()
run(0, until)
for t in others:
    t.join()
print((time.perf_counter_ns() - began) / sum(counts))
