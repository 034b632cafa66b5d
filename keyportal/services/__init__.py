"""Use cases: (portal, principal, input) -> view. Permission, transaction and audit live here."""
