"""Every setting, read once from the environment or `.env`: typed, or a loud failure.

Each is documented in `.env.example` and `docs/settings.md`. Any of them may be given
as `NAME_FILE`, a path whose content is the value.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cascadeproxy.reading import Environment, memory_dir
from routing.allowed import LIMITS_WHEN_AWAY, LOG_LEVELS, ROLES

BASE_DIR = Path(__file__).resolve().parent.parent


env = Environment()
ENV_FILE = Path(env.str("CASCADE_ENV_FILE", str(BASE_DIR / ".env")))
if ENV_FILE.is_file():
    env.read_env(str(ENV_FILE))

# --- Django ---------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.secret("SECRET_KEY", min_length=50)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
TIME_ZONE = env.str("TIME_ZONE", "UTC")
USE_TZ = True
LANGUAGE_CODE = "en"
USE_I18N = False

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_prometheus",
    "rest_framework",
    "simple_history",
    "cascadeproxy.logins.Logins",
    "metrics",
    "routing",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "cascadeproxy.middleware.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "cascadeproxy.urls"
# We live at the root of our address, whatever a request says.
FORCE_SCRIPT_NAME = ""
WSGI_APPLICATION = "cascadeproxy.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

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
    },
]

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
WHITENOISE_USE_FINDERS = True

# --- Database -------------------------------------------------------------------------

DATABASES = {
    "default": env.db_url("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 5,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- Pages and sessions ---------------------------------------------------------------

BEHIND_TLS = env.bool("BEHIND_TLS", False)
SESSION_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^health$", r"^ready$", r"^v1/", r"^metrics$"]
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 31_536_000 if BEHIND_TLS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_TLS
SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
if BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", 8) * 3600
X_FRAME_OPTIONS = "DENY"
LOGIN_URL = "admin:login"

# Who guesses passwords is locked out: by name and address together, so that nobody
# locks out somebody else.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = env.int("LOGIN_ATTEMPTS", 5)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOGIN_LOCKOUT_MINUTES", 15))
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "cascadeproxy.lockout.locked_out"
AXES_CLIENT_IP_CALLABLE = "cascadeproxy.lockout.client_address"
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
CASCADE_PROXIES_IN_FRONT = env.int("CASCADE_PROXIES_IN_FRONT", 0)

PASSWORD_HASHERS = ["cascadeproxy.hashers.PatientHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator")
]

# --- The proxy ------------------------------------------------------------------------

CASCADE_AUTH_MODE = env.str("CASCADE_AUTH_MODE", "api_key")
CASCADE_ALLOW_OPEN = env.bool("CASCADE_ALLOW_OPEN", False)
CASCADE_ENABLED = env.bool("CASCADE_ENABLED", True)
CASCADE_LEARNING = env.bool("CASCADE_LEARNING", True)
CASCADE_KEY_PEPPER = env.secret("CASCADE_KEY_PEPPER", min_length=32)
FIELD_KEYS = env.fernet_keys("FIELD_KEYS")
CASCADE_MAX_BODY_BYTES = env.int("CASCADE_MAX_BODY_BYTES", 32 * 1024 * 1024)
CASCADE_MAX_UPLOAD_BYTES = env.int("CASCADE_MAX_UPLOAD_BYTES", 512 * 1024 * 1024)
CASCADE_HOLD_S = env.float("CASCADE_HOLD_S", 50.0)
CASCADE_PING_S = env.float("CASCADE_PING_S", 10.0)
CASCADE_WATCH_CLIENTS = env.bool("CASCADE_WATCH_CLIENTS", True)
CASCADE_CORS_ORIGINS = env.list("CASCADE_CORS_ORIGINS", default=[])
CASCADE_PRIVATE_UPSTREAMS = env.list(
    "CASCADE_PRIVATE_UPSTREAMS", default=["127.0.0.1", "localhost", "::1"]
)
CASCADE_EGRESS_PROXY = env.egress_proxy("CASCADE_EGRESS_PROXY")
CASCADE_CA_BUNDLE = env.ca_bundle("CASCADE_CA_BUNDLE")
CASCADE_UPSTREAM_CONNECT_S = env.float("CASCADE_UPSTREAM_CONNECT_S", 5.0)
CASCADE_UPSTREAM_READ_S = env.float("CASCADE_UPSTREAM_READ_S", 300.0)
CASCADE_SNAPSHOT_POLL_S = env.float("CASCADE_SNAPSHOT_POLL_S", 0.5)
CASCADE_JOURNAL_DIR = Path(env.str("CASCADE_JOURNAL_DIR", str(BASE_DIR / "journal")))
CASCADE_STATE_DIR = Path(env.str("CASCADE_STATE_DIR", str(memory_dir(BASE_DIR))))
REDIS_URL = env.redis_url("REDIS_URL")
CASCADE_LIMITS_WAIT_S = env.int("CASCADE_LIMITS_WAIT_S", 5)
CASCADE_KEEPER_POLL_S = env.float("CASCADE_KEEPER_POLL_S", 0.5)
CASCADE_RETENTION_DAYS = env.int("CASCADE_RETENTION_DAYS", 0)
CASCADE_TEXT_RETENTION_DAYS = env.int("CASCADE_TEXT_RETENTION_DAYS", 14)
CASCADE_METRICS_TOKEN = env.optional_secret("CASCADE_METRICS_TOKEN", min_length=16)
# What a client key without limits of its own may; 0 is no limit.
CASCADE_KEY_REQUESTS_PER_MINUTE = env.int("CASCADE_KEY_REQUESTS_PER_MINUTE", 0)
CASCADE_KEY_TOKENS_PER_MINUTE = env.int("CASCADE_KEY_TOKENS_PER_MINUTE", 0)
CASCADE_KEY_CONCURRENT_REQUESTS = env.int("CASCADE_KEY_CONCURRENT_REQUESTS", 0)
CASCADE_KEY_USD_PER_DAY = env.float("CASCADE_KEY_USD_PER_DAY", 0.0)
CASCADE_KEY_USD_PER_MONTH = env.float("CASCADE_KEY_USD_PER_MONTH", 0.0)
CASCADE_KEY_MAX_TOKENS = env.int("CASCADE_KEY_MAX_TOKENS", 0)
CASCADE_KEY_MAX_BODY_BYTES = env.int("CASCADE_KEY_MAX_BODY_BYTES", 0)
CASCADE_KEY_SESSION_REQUESTS = env.int("CASCADE_KEY_SESSION_REQUESTS", 1000)
CASCADE_LIMITS_WHEN_AWAY = env.one_of(
    "CASCADE_LIMITS_WHEN_AWAY", "budgets_closed", LIMITS_WHEN_AWAY
)
# Alerts: whom to tell, and how.
CASCADE_ALERT_EMAILS = env.list("CASCADE_ALERT_EMAILS", default=[])
CASCADE_ALERT_WEBHOOK_URL = env.str("CASCADE_ALERT_WEBHOOK_URL", "")
CASCADE_ALERT_WEBHOOK_SECRET = env.optional_secret(
    "CASCADE_ALERT_WEBHOOK_SECRET", min_length=16
)
DEFAULT_FROM_EMAIL = env.str("CASCADE_ALERT_FROM", "cascadeproxy@localhost")
vars().update(env.email_url("EMAIL_URL", "smtp://localhost:25"))
EMAIL_TIMEOUT = 10
# One more than the API lets through, so that it can tell what is too large itself.
DATA_UPLOAD_MAX_MEMORY_SIZE = CASCADE_MAX_BODY_BYTES + 1

# --- The server (gunicorn reads these in cascadeproxy/gunicorn_conf.py) ---------------

ROLE = env.one_of("ROLE", "all", ROLES)
CASCADE_HOST = env.str("CASCADE_HOST", "127.0.0.1")
CASCADE_PORT = env.int("CASCADE_PORT", 8000)
CASCADE_WORKERS = env.int("CASCADE_WORKERS", 1)
CASCADE_WORKER_CLASS = env.str("CASCADE_WORKER_CLASS", "gevent")
CASCADE_WORKER_CONNECTIONS = env.int("CASCADE_WORKER_CONNECTIONS", 2000)
CASCADE_THREADS = env.int("CASCADE_THREADS", 64)
CASCADE_WORKER_TIMEOUT_S = env.int("CASCADE_WORKER_TIMEOUT_S", 60)
CASCADE_GRACEFUL_TIMEOUT_S = env.int("CASCADE_GRACEFUL_TIMEOUT_S", 30)
CASCADE_SLOW_CLIENT_S = env.int("CASCADE_SLOW_CLIENT_S", 20)
CASCADE_KEEPALIVE_S = env.int("CASCADE_KEEPALIVE_S", 75)
CASCADE_METRICS_DIR = Path(env.str("CASCADE_METRICS_DIR", str(memory_dir(BASE_DIR))))
CASCADE_SIMULATOR = env.str("CASCADE_SIMULATOR", "auto")
CASCADE_SIMULATOR_PORT = env.int("CASCADE_SIMULATOR_PORT", 18400)
CASCADE_DEMO_KEY = env.str("CASCADE_DEMO_KEY", "")

# Values a provider row may name as `env:NAME`.
PROVIDER_KEY_NAMES = [
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "GROQ_API_KEY",
    *env.list("CASCADE_PROVIDER_KEY_NAMES", default=[]),
]
PROVIDER_KEYS = {name: env.str(name, "") for name in PROVIDER_KEY_NAMES}

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "routing.exception_handler.answer",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}

# --- Logs -----------------------------------------------------------------------------

CASCADE_LOG_FORMAT = env.one_of("CASCADE_LOG_FORMAT", "text", ("text", "json"))
CASCADE_LOG_LEVEL = env.one_of("CASCADE_LOG_LEVEL", "info", LOG_LEVELS).upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "cascadeproxy.logs.JsonFormatter"},
        "text": {"()": "cascadeproxy.logs.TextFormatter"},
    },
    "filters": {
        "with_traceback": {"()": "cascadeproxy.logs.WithTraceback"},
        "in_one_line": {"()": "cascadeproxy.logs.InOneLine"},
    },
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": CASCADE_LOG_FORMAT,
        }
    },
    "root": {"handlers": ["stdout"], "level": "WARNING"},
    "loggers": {
        "cascadeproxy": {"level": CASCADE_LOG_LEVEL},
        "routing": {"level": CASCADE_LOG_LEVEL},
        "metrics": {"level": CASCADE_LOG_LEVEL},
        "django.security.DisallowedHost": {"filters": ["in_one_line"]},
        "django.request": {"level": "ERROR", "filters": ["with_traceback"]},
    },
}
