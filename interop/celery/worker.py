"""A Celery worker for the Go tests: python worker.py FOLDER LIBRARY NAME CONFIG. CONFIG is JSON."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import apps  # noqa: E402

app = apps.make(json.loads(sys.argv[4]))
app.set_default()
app.worker_main(
    ["worker", "--pool=threads", "--concurrency=8", "--loglevel=INFO", "--hostname", sys.argv[3] + "@interop"]
    + ["--without-gossip", "--without-mingle", "--without-heartbeat"]
)
