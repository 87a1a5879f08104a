from django.apps import AppConfig
from django.core.signals import request_started


class CompareConfig(AppConfig):
    name = "webapp.compare"
    label = "compare"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load scipy once a person opens a page about runs."""
        from .preload import load_statistics

        request_started.connect(load_statistics)
