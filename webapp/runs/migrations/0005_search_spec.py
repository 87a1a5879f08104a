"""The settings of a run are its search settings; `question` is what a study answers."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("runs", "0004_shared_networks")]

    operations = [migrations.RenameField("run", "question", "spec")]
