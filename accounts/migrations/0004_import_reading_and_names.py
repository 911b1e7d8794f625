import core.guard
import django.db.models.deletion
import uuid6
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_own_objects'),
    ]

    operations = [
        migrations.CreateModel(
            name='NameMatch',
            fields=[
                ('id', models.UUIDField(default=uuid6.uuid7, editable=False, primary_key=True, serialize=False)),
                ('text', models.CharField(max_length=200, unique=True)),
                ('shown', models.CharField(max_length=200)),
                ('score', models.PositiveSmallIntegerField(null=True)),
                ('confirmed_at', models.DateTimeField()),
                ('confirmed_by', models.CharField(max_length=160)),
            ],
            options={
                'abstract': False,
            },
            bases=(core.guard.GuardedRow, models.Model),
        ),
        migrations.AddField(
            model_name='importrow',
            name='asks',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='recordimport',
            name='mail_wanted',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='recordimport',
            name='mailed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='recordimport',
            name='reading',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='namematch',
            name='account',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
    ]
