from django.apps import AppConfig


class SpacesConfig(AppConfig):
    name = "webapp.spaces"
    label = "spaces"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import table_spaces  # models are loaded by now

        table_spaces.connect()
