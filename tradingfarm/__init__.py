"""TradingFarm: teams of AI agents trade under limits that no agent can talk around."""

from tradingfarm.celery import app as celery_app

__all__ = ["celery_app"]
