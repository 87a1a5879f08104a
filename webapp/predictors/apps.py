from django.apps import AppConfig


class PredictorsConfig(AppConfig):
    name = "webapp.predictors"
    label = "predictors"
    default_auto_field = "django.db.models.BigAutoField"
