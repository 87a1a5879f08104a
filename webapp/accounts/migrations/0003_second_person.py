"""A team may ask for a second person to approve architectures; teams so far do not."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_keep_an_owner")]

    operations = [
        migrations.AddField(
            "team",
            "second_person",
            models.BooleanField(
                default=False,
                help_text="People cannot approve the architectures that they proposed themselves.",
                verbose_name="approval by a second person",
            ),
        ),
    ]
