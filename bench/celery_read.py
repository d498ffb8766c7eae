"""Reads one stored result many times as Python programs do, and prints the nanoseconds of each: celery_read.py WAY SECONDS VALUE."""

import sys
import time

from celery import Celery
from celery.result import AsyncResult

way, seconds, value = sys.argv[1], float(sys.argv[2]), sys.argv[3].encode()
app = Celery("bench", backend="cache+memory://")
backend = app.backend
task_id = "e1297a38-933a-5674-9069-cf91dc09d01b"
backend.set(backend.get_key_for_task(task_id), value)
ways = {
    "decode": lambda: backend.decode_result(value),
    "meta": lambda: backend.get_task_meta(task_id, cache=False),
    "result": lambda: AsyncResult(task_id, app=app).result,
}
read = ways[way]
count = 0
began = time.perf_counter_ns()
while (spent := time.perf_counter_ns() - began) < seconds * 1e9:
    for _ in range(50):
        read()
    count += 50
print(spent / count)
