from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "webapp.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import access_changes, owners, sign_ins  # models are loaded by now

        access_changes.connect()
        owners.connect()
        sign_ins.connect()
