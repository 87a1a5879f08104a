
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_team_weight'),
        ('runs', '0014_resumable'),
        ('tables', '0003_table_import'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('archived_at', None)), fields=['team', 'study', 'id', 'created_at'], name='runs_of_team_by_study'),
        ),
    ]
