from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "tradingfarm.people"
    label = "people"
    verbose_name = "People"
