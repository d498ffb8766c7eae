"""Makes Celery applications for the Go tests, of the Celery in a folder that the command line names.

    python PROGRAM FOLDER LIBRARY …

LIBRARY is the client of Memcached: pylibmc, which Celery takes if it is there, or python-memcached.
"""

import importlib.metadata
import logging
import sys

sys.path.insert(0, sys.argv[1])
if sys.argv[2] != "pylibmc":
    sys.modules["pylibmc"] = None  # importing it fails, as where it is not installed

# Celery 5.2 was written for Pythons before 3.12 and 3.13.
if hasattr(importlib.metadata, "EntryPoints") and not hasattr(importlib.metadata.EntryPoints, "get"):
    importlib.metadata.EntryPoints.get = lambda self, group, default=(): self.select(group=group)
if not hasattr(logging, "_acquireLock"):
    logging._acquireLock = logging._lock.acquire
    logging._releaseLock = logging._lock.release

import celery  # noqa: E402


def make(config):
    """An application that is configured with what the Go side reads, too."""
    app = celery.Celery("shop", set_as_current=False)
    app.conf.update(config)
    app.conf.imports = ["tasks"]
    app.conf.worker_hijack_root_logger = False
    return app
