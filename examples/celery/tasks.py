"""The tasks that Python's worker runs. Its settings are in celery.json, where the Go program reads them too."""

import datetime
import json
import pathlib
import time

from celery import Celery, group

app = Celery("shop")
app.conf.update(json.loads(pathlib.Path(__file__).with_name("celery.json").read_text()))


@app.task
def charge(amount):
    if amount < 0:
        raise ValueError("the amount is negative", amount)
    return amount * 100


@app.task(bind=True)
def report(self, pages):
    """Says how far it is, and ends with a value that JSON alone has no form for."""
    for page in range(1, pages + 1):
        self.update_state(state="PROGRESS", meta={"page": page, "pages": pages})
        time.sleep(0.5)
    return {"pages": pages, "made": datetime.datetime.now(datetime.timezone.utc)}


@app.task
def order(amounts):
    """Starts a group, and is known as its parent."""
    return group(charge.s(a) for a in amounts).delay().id
