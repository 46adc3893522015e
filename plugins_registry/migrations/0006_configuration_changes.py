import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

ORIGINS = [("user", "User"), ("command line", "Command"), ("plugin", "Plugin")]


class Migration(migrations.Migration):
    dependencies = [
        ("plugins_registry", "0005_lifecycle"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ConfigurationChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("origin", models.CharField(choices=ORIGINS, max_length=16)),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                (
                    "plugin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="configuration_changes",
                        to="plugins_registry.plugin",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty unless a user changed it, or when that user is gone.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["-id"]},
        ),
        migrations.AddField(
            model_name="configuration",
            name="origin",
            field=models.CharField(
                choices=ORIGINS, default="command line", help_text="Who changed it.", max_length=16
            ),
        ),
        migrations.AlterField(
            model_name="configuration",
            name="changed_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty unless a user changed it.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
