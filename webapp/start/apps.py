from django.apps import AppConfig


class StartConfig(AppConfig):
    name = "webapp.start"
    label = "start"
