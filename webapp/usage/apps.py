from django.apps import AppConfig


class UsageConfig(AppConfig):
    name = "webapp.usage"
    label = "usage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from webapp.accounts.team_parts import add_part

        from .team_part import quotas_part, team_part  # models are loaded by now

        add_part(5, quotas_part)
        add_part(10, team_part)
