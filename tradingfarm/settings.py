"""Settings of the farm: infrastructure and absolute ceilings. Limits of trading are rows.

Production is the default. FARM_PROFILE=embedded, set by `manage.py farm` alone, relaxes what only
makes sense behind TLS and a real host name.
"""

from pathlib import Path

import django_stubs_ext
from csp.constants import NONCE, NONE, SELF

from tradingfarm import environment as env

# Generic classes of Django, such as ModelAdmin[Order], then work at run time as in type checking.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
FARM_HOME = env.folder("FARM_HOME", BASE_DIR / ".farm")
EMBEDDED = env.choice("FARM_PROFILE", "production", ("production", "embedded")) == "embedded"

SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS")
DEBUG = False
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if EMBEDDED else "")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "csp",
    "django_htmx",
    "django_celery_beat",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "tradingfarm.kernel",
    "tradingfarm.people",
    "tradingfarm",
    "market",
    "trading",
    "agents",
    "triggers",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tradingfarm.people.middleware.ActivityMiddleware",
]

ROOT_URLCONF = "tradingfarm.urls"
ASGI_APPLICATION = "tradingfarm.asgi.application"
AUTH_USER_MODEL = "people.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"

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
                "csp.context_processors.nonce",
                "tradingfarm.pages.frame.frame",
            ],
        },
    },
]

# A lost lock or a forgotten transaction must not hold an account for longer than this.
SESSION_LIMITS = (
    "-c lock_timeout=3s -c statement_timeout=30s -c idle_in_transaction_session_timeout=15s"
)
# Statements are prepared where the code says so, and never because they are frequent.
ONLY_WHEN_ASKED = 2**31 - 1
POOL_SIZE = env.whole("DATABASE_POOL_SIZE", 0)
DATABASES = {
    "default": env.database(
        env.text("DATABASE_URL"),
        options={"options": SESSION_LIMITS, "prepare_threshold": ONLY_WHEN_ASKED}
        | ({"pool": {"min_size": 1, "max_size": POOL_SIZE, "timeout": 10}} if POOL_SIZE else {}),
    )
    | {"CONN_MAX_AGE": 0 if POOL_SIZE else None, "CONN_HEALTH_CHECKS": not POOL_SIZE}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# In PostgreSQL, so that a limit on sign-ins holds over all processes and their restarts.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache_entry",  # made by a migration of tradingfarm.people
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

REDIS_URL = env.text("REDIS_URL")

SOCKETS_PER_SESSION = env.whole("SOCKETS_PER_SESSION", 50)  # open at once in one web process
SOCKET_CHECK_SECONDS = env.whole("SOCKET_CHECK_SECONDS", 30)  # an open socket's rights are asked

# Doorbells for open pages. The rows are the record: what is lost here is found by looking.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "tradingfarm"},
    }
}

# Tasks are doorbells. They may run twice, late or never: the rows decide and sweepers look again.
CELERY_BROKER_URL = env.broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "upkeep"
CELERY_TASK_ROUTES = {"agents.*": {"queue": "agents"}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_VISIBILITY_TIMEOUT = 600
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": CELERY_VISIBILITY_TIMEOUT,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "retry_on_timeout": True,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SCHEDULE = {
    "heartbeat": {"task": "tradingfarm.heartbeat", "schedule": 5.0},
    "fire-due-triggers": {"task": "triggers.fire_due", "schedule": 5.0},
    "fire-unheld-price-triggers": {"task": "triggers.fire_unheld", "schedule": 5.0},
    "sweep-executions": {"task": "agents.sweep", "schedule": 2.0},
    "measure-performance": {"task": "performance.measure", "schedule": 60.0},
    "forget-expired": {"task": "people.forget_expired", "schedule": 3600.0},
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = None if EMBEDDED else FARM_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = EMBEDDED
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if EMBEDDED
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "tradingfarm.people.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "tradingfarm.people.forms.SignInForm"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = "TradingFarm: "
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"
# Wrong tries: from one address, and for one name from wherever they come.
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
PASSWORD_RESET_TIMEOUT = 3 * 3600
# Without trusted proxies the address of a person is that of the connection.
ALLAUTH_TRUSTED_PROXY_COUNT = env.whole("TRUSTED_PROXY_COUNT", 0)
MFA_ADAPTER = "tradingfarm.people.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "TradingFarm"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an operator entered it

# Mail is sent where EMAIL_HOST names a server; elsewhere an operator makes password links.
EMAIL_HOST = env.text("EMAIL_HOST", "")
SENDS_MAIL = bool(EMAIL_HOST)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if SENDS_MAIL else 'dummy'}.EmailBackend"
EMAIL_PORT = env.whole("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "TradingFarm <tradingfarm@localhost>")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not EMBEDDED
SESSION_COOKIE_NAME = env.text("SESSION_COOKIE_NAME", "tradingfarm")
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # probes speak plain HTTP
SECURE_HSTS_SECONDS = 0 if EMBEDDED else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not EMBEDDED
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if not EMBEDDED else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "anthropic": {"level": "INFO"},  # below it writes whole prompts
        "httpx2": {"level": "WARNING"},  # a line for each request to a model
    },
}

# Models. Without a key agents run on rules; the key is read here and reaches its client alone.
ANTHROPIC_API_KEY = env.text("ANTHROPIC_API_KEY", "")
ANTHROPIC_BASE_URL = env.text("ANTHROPIC_BASE_URL", "https://api.anthropic.com")
ANTHROPIC_MODEL = env.text("ANTHROPIC_MODEL", "claude-sonnet-5-5")

# Ceilings: the smaller of a permission's limit and these counts. Amounts in an account's currency.
ENABLE_AGENT_TRADING = env.flag("ENABLE_AGENT_TRADING", default=EMBEDDED)
# What the keys of exchanges are sealed with: name:key, newest first. Read by whoever sends.
EXCHANGE_KEYS = env.names("EXCHANGE_KEYS")
AGENT_TRADING_MODE = env.choice("AGENT_TRADING_MODE", "paper", ("paper", "live"))
MAX_ORDER_VALUE_CEILING = env.money("MAX_ORDER_VALUE_CEILING", "1000000")
MAX_POSITION_VALUE_CEILING = env.money("MAX_POSITION_VALUE_CEILING", "1000000")
MAX_ALLOCATION_PCT_CEILING = env.money("MAX_ALLOCATION_PCT_CEILING", "100")
MAX_DAILY_ENTRIES_CEILING = env.whole("MAX_DAILY_ENTRIES_CEILING", 5_000)
MAX_DAILY_LOSS_CEILING = env.money("MAX_DAILY_LOSS_CEILING", "1000000")
MAX_OPEN_POSITIONS_CEILING = env.whole("MAX_OPEN_POSITIONS_CEILING", 100)
PRICE_COLLAR_PCT_CEILING = env.money("PRICE_COLLAR_PCT_CEILING", "10")
MAX_AGENTS_PER_ACCOUNT = env.whole("MAX_AGENTS_PER_ACCOUNT", 5)  # with an active permission
# The part of its limits that an agent is given, at most all: order, position, loss, allocation.
AGENT_RISK_MULTIPLIER = env.money("AGENT_RISK_MULTIPLIER", "0.5")
DAILY_BUDGET_CEILING = env.money("DAILY_BUDGET_CEILING", "50")  # dollars of one agent's questions

# Where entries pause. Volatility is a year's in percent, volume a day's on average of 30 days.
MAX_VOLATILITY_PCT = env.money("MAX_VOLATILITY_PCT", "60")
MAX_CRYPTO_VOLATILITY_PCT = env.money("MAX_CRYPTO_VOLATILITY_PCT", "120")
MIN_DAILY_VOLUME = env.money("MIN_DAILY_VOLUME", "500000")  # shares
MIN_CRYPTO_DAILY_NOTIONAL = env.money("MIN_CRYPTO_DAILY_NOTIONAL", "1000000")  # money
VOLATILITY_INDEX_SYMBOL = env.text("VOLATILITY_INDEX_SYMBOL", "VIX")  # where a feed quotes it
MAX_VOLATILITY_INDEX = env.money("MAX_VOLATILITY_INDEX", "40")
JUDGED_EXITS = env.whole("JUDGED_EXITS", 10)  # an agent is judged by no fewer in 30 days
MAX_AVERAGE_LOSS = env.money("MAX_AVERAGE_LOSS", "100")  # of these exits, net of fees
