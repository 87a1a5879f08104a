from django.apps import AppConfig


class QueriesConfig(AppConfig):
    name = "webapp.queries"
    label = "queries"
    default_auto_field = "django.db.models.BigAutoField"
