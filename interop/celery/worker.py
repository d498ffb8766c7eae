"""A Celery worker for the Go tests: python worker.py FOLDER LIBRARY NAME CONFIG. CONFIG is JSON. It ends at the end of its stdin."""

import json
import os
import signal
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import apps  # noqa: E402

def end():
    """Tests that were killed leave no worker behind."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)


threading.Thread(target=end, daemon=True).start()
app = apps.make(json.loads(sys.argv[4]))
app.set_default()
app.worker_main(
    ["worker", "--pool=threads", "--concurrency=8", "--loglevel=INFO", "--hostname", sys.argv[3] + "@interop"]
    + ["--without-gossip", "--without-mingle", "--without-heartbeat"]
)
