"""What the browser holds of providers and of the two forms: display values only."""

from dataclasses import dataclass

from keyportal.services.provider_views import DecisionView
from keyportal.ui.theme import KIND


@dataclass(frozen=True)
class ProviderRowView:
    """`mark` is the one thing unusual about it, a name of `theme.DECISION`; empty for most."""

    id: str
    name: str
    initials: str
    kind: str
    host: str
    address: str
    mark: str
    mark_title: str
    enabled: bool
    is_custom: bool
    key_count: str
    keys_to_reenter: str


@dataclass(frozen=True)
class AddressForm:
    """What the open address form starts with. `fixed_by` is set where nothing can be changed."""

    id: str = ""
    version: int = 0
    name: str = ""
    base_url: str = ""
    usual: str = ""
    fixed_by: str = ""
    consequence: str = ""


@dataclass(frozen=True)
class CustomForm:
    """What the form for an added provider starts with. `id` is empty for a new one."""

    id: str = ""
    version: int = 0
    name: str = ""
    base_url: str = ""
    auth_style: str = "bearer"
    environment_names: str = ""
    consequence: str = ""


def row_view(view: DecisionView) -> ProviderRowView:
    return ProviderRowView(
        id=view.id,
        name=view.name,
        initials=view.initials,
        kind=KIND.get(view.kind, view.kind),
        host=host_of(view.address),
        address=view.address,
        mark=_mark(view),
        mark_title=f"The operator set the address with {view.fixed_by}." if view.fixed_by else "",
        enabled=view.enabled,
        is_custom=view.is_custom,
        key_count=f"{view.credential_count:,}" if view.credential_count else "",
        keys_to_reenter=f"{view.keys_to_reenter:,} to enter again" if view.keys_to_reenter else "",
    )


def address_form_of(view: DecisionView) -> AddressForm:
    return AddressForm(
        id=view.id,
        version=view.version,
        name=view.name,
        base_url=view.base_url if view.is_moved or view.is_fixed else "",
        usual=view.default_base_url,
        fixed_by=view.fixed_by,
        consequence=_consequence(view),
    )


def custom_form_of(view: DecisionView) -> CustomForm:
    return CustomForm(
        id=view.id,
        version=view.version,
        name=view.name,
        base_url=view.base_url,
        auth_style=view.auth_style,
        environment_names=", ".join(view.environment_names),
        consequence=_consequence(view),
    )


def names_in(typed: str) -> list[str]:
    """Return what was typed between commas and white space."""
    return typed.replace(",", " ").split()


def host_of(address: str) -> str:
    """Return the host of an address as it is written, with places such as {resource} in it."""
    return address.partition("://")[2].partition("/")[0]


def keys_in_words(count: int) -> str:
    return "1 saved key" if count == 1 else f"{count:,} saved keys"


def _consequence(view: DecisionView) -> str:
    """Say what a new address means for the keys that are here."""
    if not view.credential_count:
        return ""
    its = "its value has" if view.credential_count == 1 else "their values have"
    return (
        f"{keys_in_words(view.credential_count)} here. On another host {its} to be entered again:"
        " a key is never sent where it was not saved for."
    )


def _mark(view: DecisionView) -> str:
    if view.is_custom:
        return "custom"
    if view.is_fixed:
        return "fixed"
    if view.is_moved:
        return "moved"
    return "" if view.base_url else "nowhere"
