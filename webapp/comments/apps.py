from django.apps import AppConfig


class CommentsConfig(AppConfig):
    name = "webapp.comments"
    label = "comments"
    default_auto_field = "django.db.models.BigAutoField"
