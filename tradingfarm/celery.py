"""The Celery application. Tasks are doorbells: they carry an id; the rows carry the state."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingfarm.settings")

app = Celery("tradingfarm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
