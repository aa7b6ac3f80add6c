from django.apps import AppConfig


class TradingFarmConfig(AppConfig):
    name = "tradingfarm"
    label = "tradingfarm"
    verbose_name = "TradingFarm"
