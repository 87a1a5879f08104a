from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tables", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="benchmarktable",
            name="space_config",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
