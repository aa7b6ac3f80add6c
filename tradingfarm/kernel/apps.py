from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "tradingfarm.kernel"
    label = "kernel"
    verbose_name = "Journal"
