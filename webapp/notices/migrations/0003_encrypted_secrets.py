"""Secrets of webhooks and addresses of chats are stored encrypted."""

from django.db import migrations
from django.db.models import TextField, Value

import webapp.common.encryption

COLUMNS = (("Webhook", "secret"), ("NoticeSettings", "chat_address"))


def encrypt(apps, schema_editor):
    """Encrypt what earlier versions stored: the field encrypts each text that it writes."""
    for name, column in COLUMNS:
        model = apps.get_model("notices", name)
        for row in model.objects.exclude(**{column: ""}):
            model.objects.filter(pk=row.pk).update(**{column: getattr(row, column)})


def decrypt(apps, schema_editor):
    """Store the texts as earlier versions read them."""
    for name, column in COLUMNS:
        model = apps.get_model("notices", name)
        for row in model.objects.all():
            text = Value(getattr(row, column), output_field=TextField())
            model.objects.filter(pk=row.pk).update(**{column: text})


class Migration(migrations.Migration):
    dependencies = [("notices", "0002_mentions")]
    operations = [
        migrations.AlterField(
            "webhook", "secret", webapp.common.encryption.EncryptedField(editable=False)
        ),
        migrations.AlterField(
            "noticesettings",
            "chat_address",
            webapp.common.encryption.EncryptedField(blank=True, default=""),
        ),
        migrations.RunPython(encrypt, decrypt),
    ]
