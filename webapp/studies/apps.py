from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "webapp.studies"
    label = "studies"
    default_auto_field = "django.db.models.BigAutoField"
