from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "webapp.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .services import triggers  # models are loaded by now

        triggers.connect()
