"""Settings of the control plane, from the environment and the files in SLIPWAY_HOME.

Nothing here has a secret in it: keys are files of mode 600 in SLIPWAY_HOME, made by bin/up.
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

SLIPWAY_HOME = Path(env.str("SLIPWAY_HOME", default=str(BASE_DIR / "var"))).resolve()
DEBUG = env.bool("SLIPWAY_DEBUG", default=False)


def key_file(name: str) -> str:
    """The text of a key file in SLIPWAY_HOME; says how to make it when it is missing."""
    path = SLIPWAY_HOME / name
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{path} cannot be read ({error}). bin/up makes it.") from error


SECRET_KEY = env.str("SLIPWAY_SECRET_KEY", default="") or key_file("secret_key")
# One Fernet key a line, the newest first; old ones stay until `manage.py rotate_keys` has re-encrypted everything.
ENCRYPTION_KEYS = (env.str("SLIPWAY_ENCRYPTION_KEYS", default="") or key_file("encryption_keys")).split()

ALLOWED_HOSTS = env.list("SLIPWAY_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("SLIPWAY_ALLOWED_HOSTS must name hosts: with * no WebSocket's Origin is checked.")
CSRF_TRUSTED_ORIGINS = env.list("SLIPWAY_TRUSTED_ORIGINS", default=[])
BEHIND_TLS = env.bool("SLIPWAY_BEHIND_TLS", default=False)  # a proxy ends TLS and sets X-Forwarded-Proto
if BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
ANYONE_MAKES_TEAMS = env.bool("SLIPWAY_ANYONE_MAKES_TEAMS", default=True)
GIT_PRIVATE_HOSTS = env.list("SLIPWAY_GIT_PRIVATE_HOSTS", default=[])  # private hosts that builds may fetch from
SLIPWAY_URL = env.str("SLIPWAY_URL", default="http://127.0.0.1:8000")  # where the web server listens
PRIVATE_TARGETS = env.list("SLIPWAY_PRIVATE_TARGETS", default=[])  # where webapp.reach may call though it is private
OWN_REGISTRY = env.str("SLIPWAY_REGISTRY", default="").lower()  # host:port of Slipway's own; empty: there is none
OWN_REGISTRY_CERTIFICATE = env.str("SLIPWAY_REGISTRY_CERTIFICATE", default="")  # for TLS; without it loopback alone
OWN_REGISTRY_KEY = env.str("SLIPWAY_REGISTRY_KEY", default="")
PULLED_REGISTRIES = env.list("SLIPWAY_PULLED_REGISTRIES", default=[])  # images are pulled from these alone; empty: any
TRUSTED_PROXIES = env.int("SLIPWAY_TRUSTED_PROXIES", default=0)  # how many X-Forwarded-For hops are ours
BLOBS_DIR = SLIPWAY_HOME / "blobs"  # what people upload, by its digest; several web servers share it
UPLOAD_MAX_MB = env.int("SLIPWAY_UPLOAD_MAX_MB", default=512)  # of one upload
UPLOAD_QUOTA_MB = env.int("SLIPWAY_UPLOAD_QUOTA_MB", default=4096)  # of all that one project keeps
PUBLIC_URL = (env.str("SLIPWAY_PUBLIC_URL", default="") or SLIPWAY_URL).rstrip("/")  # what links in notices begin with
PUBLIC_URL_SAID = bool(env.str("SLIPWAY_PUBLIC_URL", default=""))

# Who is told, within the transaction, that a thing of a project changed: rooms above those in which it happens.
HEARERS_OF_CHANGES = ["webapp.notices.hearing.heard"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "channels",
    "webapp.teams",
    "webapp.audit",
    "webapp.hosts",
    "webapp.logs",
    "webapp.jobs",
    "webapp.environments",
    "webapp.registries",
    "webapp.isolation",
    "webapp.holdings",
    "webapp.deploykeys",
    "webapp.certificates",
    "webapp.blobs",
    "webapp.images",
    "webapp.deployments",
    "webapp.exports",
    "webapp.volumes",
    "webapp.retention",
    "webapp.hooks",
    "webapp.snapshots",
    "webapp.notices",
    "webapp.rest",
    "webapp.ingest",
    "webapp.live",
    "webapp.control",
    "webapp.demo",
    "webapp.pages",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "webapp.pages.compression.PageCompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "webapp.rest.middleware.RequestIdMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "webapp.rest.middleware.ActorMiddleware",
    "webapp.pages.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"
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
                "webapp.pages.context.shell",
            ],
        },
    },
]

AUTH_USER_MODEL = "teams.User"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# SQLite: a writer takes its lock at BEGIN, so a read-then-write transaction waits instead of failing at once.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{SLIPWAY_HOME / 'slipway.sqlite3'}")}
DATABASES["default"]["CONN_MAX_AGE"] = 0
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
# How hosts on other machines reach it, when that is another address than the control plane's own.
HOSTS_REDIS_URL = env.str("SLIPWAY_HOSTS_REDIS_URL", default="") or REDIS_URL
REDIS_TIMEOUT_SECONDS = 5.0
# No service gets these as fixed ports of a host: the web server's, Redis', the engine's.
RESERVED_HOST_PORTS = {
    urlsplit(SLIPWAY_URL).port,
    urlsplit(REDIS_URL).port,
    urlsplit(f"//{OWN_REGISTRY}").port,
    *env.list("SLIPWAY_RESERVED_PORTS", cast=int, default=[2375, 2376]),
} - {None}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # redis-py 8 times a silent socket out after 5 s unless told otherwise; the layer waits on one for minutes.
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None}], "prefix": "slipway:layer"},
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = SLIPWAY_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],  # the editor makes its own styles; the number stands on its page alone
        "img-src": [SELF, "data:"],
        "font-src": [SELF, "data:"],
        "connect-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "object-src": [NONE],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
MAX_BACKUP_BYTES = env.int("SLIPWAY_MAX_BACKUP", default=50 * 1024**3)  # of one volume, packed and unpacked
MAX_EXPORT_BYTES = env.int("SLIPWAY_MAX_EXPORT", default=20 * 1024**3)  # of one archive
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.rest.authentication.TokenAuthentication",
        "webapp.rest.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["webapp.rest.permissions.Known"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["webapp.rest.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "webapp.rest.pagination.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "webapp.rest.schema.SlipwaySchema",
    "DEFAULT_THROTTLE_CLASSES": ["webapp.rest.throttling.CredentialThrottle"],
    "DEFAULT_THROTTLE_RATES": {"credential": env.str("SLIPWAY_API_RATE", default="1200/min")},
    "EXCEPTION_HANDLER": "webapp.rest.problems.answer",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_VERSIONING_CLASS": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Slipway",
    "DESCRIPTION": "Build images on worker hosts and launch the same bytes in one environment after the other.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("SLIPWAY_LOG_LEVEL", default="INFO")},
    "loggers": {"httpx": {"level": "WARNING"}, "django.request": {"level": "ERROR"}},
}
