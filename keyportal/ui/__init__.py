"""The web app: one folder a screen. Calls services, holds views, never a secret."""
