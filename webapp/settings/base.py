"""The settings of the web application and of the workers that use its services."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from webapp.environment import (
    addresses,
    data_roots,
    database_from_url,
    names,
    optional_seconds,
    place,
    seconds,
    secret_key,
    whole,
)
from webapp.start.clean_environment import ignore_database_variables
from webapp.start.running import servers_of

from .admin import *  # noqa: F403
from .logs import *  # noqa: F403
from .mail import *  # noqa: F403
from .security import *  # noqa: F403
from .sign_in import *  # noqa: F403
from .single_sign_on import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(os.environ.get("PARETOSCOPE_VAR", BASE_DIR / "var"))
DEBUG = os.environ.get("PARETOSCOPE_DEBUG", "") == "1"
SECRET_KEY = secret_key(VAR_DIR)
# Earlier keys, with which sessions and stored secrets can still be read.
SECRET_KEY_FALLBACKS = names("SECRET_KEY_FALLBACKS", "")
ALLOWED_HOSTS = names("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = names("CSRF_TRUSTED_ORIGINS", "")

# From the environment, or those of a workbench that runs in VAR_DIR (`make run`).
SERVERS = servers_of(VAR_DIR)
# Several addresses, separated by semicolons: the next one is used while the first is down.
BROKER_URL = SERVERS.get("BROKER_URL") or "redis://127.0.0.1:6379/0"
ignore_database_variables()
DATABASES = {"default": database_from_url(SERVERS.get("DATABASE_URL", ""))}

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.simple_history",
    "webapp.accounts.admin_app.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "django_filters",
    "simple_history",
    "axes",
    "allauth",
    "allauth.account",
    "webapp.accounts.social_app.SocialAccountConfig",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "csp",
    "channels",
    "webapp.accounts",
    "webapp.queries",
    "webapp.events",
    "webapp.devices",
    "webapp.datasets",
    "webapp.tables",
    "webapp.studies",
    "webapp.usage",
    "webapp.runs",
    "webapp.spaces",
    "webapp.imports",
    "webapp.evaluations",
    "webapp.exports",
    "webapp.predictors",
    "webapp.architectures",
    "webapp.notices",
    "webapp.comments",
    "webapp.live",
    "webapp.start",
    "webapp.compare",
    "webapp.sharing",
    "webapp.fleet",
    "webapp.api",
    "webapp.site",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webapp.site.security_policy.PolicyMiddleware",
    "webapp.site.static_files.VersionedFilesMiddleware",
    "webapp.site.client_address.ClientAddressMiddleware",
    "webapp.site.clean_request.CleanRequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "webapp.accounts.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "webapp.accounts.middleware.TeamMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"
AUTH_USER_MODEL = "accounts.User"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            # Short, so that a frozen broker does not delay a notification. Only the first address:
            # Channels would divide its groups among several. Pages poll while it is down.
            "hosts": [
                {
                    "address": addresses(BROKER_URL)[0],
                    "socket_timeout": 2,
                    "socket_connect_timeout": 1,
                }
            ],
            "prefix": "paretoscope",
        },
    }
}

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "webapp.site.static_files.VersionedStorage"},
}
STATICFILES_DIRS = [BASE_DIR / "webapp" / "static"]
WHITENOISE_USE_FINDERS = True  # served from the source folders, without collectstatic
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]

# Country whose factor turns energy into CO2, as a code of three letters; "": the world's average.
PARETOSCOPE_COUNTRY = os.environ.get("PARETOSCOPE_COUNTRY", "").strip().upper()

LANGUAGE_CODE = "en"
USE_I18N = False  # one language; looking up the language of each number took a tenth of a page
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# A worker without a heartbeat for this long loses its candidate to another worker.
LEASE_SECONDS = seconds("LEASE_SECONDS", 30)
LEASE_LENGTH = timedelta(seconds=LEASE_SECONDS)
HEARTBEAT_SECONDS = seconds("HEARTBEAT_SECONDS", 5)
HEARTBEAT_LENGTH = timedelta(seconds=HEARTBEAT_SECONDS)
SWEEP_SECONDS = seconds("SWEEP_SECONDS", 10)
# A candidate fails after it has lost this many workers.
MAX_ATTEMPTS = whole("MAX_ATTEMPTS", 3)
# A training without a step, an epoch or another sign of progress for so long fails.
PROGRESS_SECONDS = seconds("PROGRESS_SECONDS", 3600)
# Least time between two checkpoints of a training.
CHECKPOINT_SECONDS = seconds("CHECKPOINT_SECONDS", 60)
# Processes of torchrun that train one network of an evaluation together on this worker.
TRAINING_PROCESSES = whole("TRAINING_PROCESSES", 1)
# The slots of a worker of CUDA train their candidates in one process that they share.
SHARED_TRAINER = os.environ.get("SHARED_TRAINER", "") == "1"
# Longest duration of a candidate and of a training of an evaluation; None: no limit.
CANDIDATE_SECONDS = optional_seconds("CANDIDATE_SECONDS")
TRAINING_SECONDS = optional_seconds("TRAINING_SECONDS")
# Longest time of the repetitions of one measurement by a device agent.
MEASURE_SECONDS = seconds("MEASURE_SECONDS", 10)
# An export that takes longer than this fails.
EXPORT_SECONDS = seconds("EXPORT_SECONDS", 7200)
# Places for weights that children inherit and checkpoints, and for trained networks: folders, or
# URLs of an object store such as S3. The web server and all workers share them.
STORAGE = os.environ.get("PARETOSCOPE_STORAGE", "").strip() or VAR_DIR
PARETOSCOPE_WEIGHTS = place("PARETOSCOPE_WEIGHTS", STORAGE, "weights")
PARETOSCOPE_NETWORKS = place("PARETOSCOPE_NETWORKS", STORAGE, "networks")
# ONNX files of networks that device agents measure.
PARETOSCOPE_DEVICE_NETWORKS = place("PARETOSCOPE_DEVICE_NETWORKS", STORAGE, "device-networks")
# Content of uploaded data sets; PARETOSCOPE_DATASETS is the folder of this machine's copies.
PARETOSCOPE_DATASETS_STORAGE = place("PARETOSCOPE_DATASETS_STORAGE", STORAGE, "datasets")
# Copies on this machine of networks in an object store; they may be deleted at any time.
NETWORKS_CACHE = VAR_DIR / "cache" / "networks"
# Folder for exported archives, shared likewise. It cannot be in an object store.
EXPORTS_ROOT = VAR_DIR if "://" in str(STORAGE) else Path(STORAGE)
PARETOSCOPE_EXPORTS = Path(
    os.environ.get("PARETOSCOPE_EXPORTS") or EXPORTS_ROOT / "exports"
).absolute()
# How long weights are kept after the run.
WEIGHTS_DAYS = whole("WEIGHTS_DAYS", 30)
# Researchers may name files only in these folders; a table of their team is named as table:NAME.
PARETOSCOPE_DATA_ROOTS = data_roots(VAR_DIR)
# Largest uncompressed size of an imported benchmark table.
TABLE_MEGABYTES = whole("TABLE_MEGABYTES", 50)
# Largest uncompressed size of all tables of a team.
TABLE_QUOTA_MEGABYTES = whole("TABLE_QUOTA_MEGABYTES", 2000)
# Largest upload of a data set, its largest unpacked size, and that of all data sets of a team.
DATA_MEGABYTES = whole("DATA_MEGABYTES", 500)
DATA_UNPACKED_MEGABYTES = whole("DATA_UNPACKED_MEGABYTES", 2000)
DATA_QUOTA_MEGABYTES = whole("DATA_QUOTA_MEGABYTES", 10_000)
# An approved entry of the catalogue is rebuilt and checked this long after its last check.
CATALOGUE_CHECK_SECONDS = seconds("CATALOGUE_CHECK_SECONDS", 86400)
# An idle worker looks for work of lost messages, and an open page for events, at these intervals.
IDLE_SECONDS = seconds("IDLE_SECONDS", 30)
SOCKET_POLL_SECONDS = seconds("SOCKET_POLL_SECONDS", 3)
# Interval at which an open socket checks its user's access without a notification.
SOCKET_ACCESS_SECONDS = seconds("SOCKET_ACCESS_SECONDS", 15)
# A page that missed more events than this loads a snapshot instead.
SOCKET_REPLAY_LIMIT = whole("SOCKET_REPLAY_LIMIT", 2000)
if LEASE_SECONDS < 2 * HEARTBEAT_SECONDS:
    raise ImproperlyConfigured(
        f"LEASE_SECONDS is {LEASE_SECONDS:g}: a lease must last at least two heartbeats "
        f"({HEARTBEAT_SECONDS:g} s each): raise it or lower HEARTBEAT_SECONDS"
    )
