"""Waits for a task as Python does, whoever runs it: python get.py ID."""

import sys

from tasks import app

print(app.AsyncResult(sys.argv[1]).get(timeout=60))
