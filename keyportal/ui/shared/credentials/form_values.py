"""What the browser holds of the form for a key: display values only, never what was typed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from keyportal.domain.errors import InvalidInput
from keyportal.services.credential_views import CredentialView
from keyportal.services.providers import PastedView, ProviderFieldView, ProviderView
from keyportal.ui.shared.widgets.provider_picker import PickerGroup, PickerOption
from keyportal.ui.theme import KIND, PROVIDER_GROUPS

# Chosen where a key is bound to no provider. No provider can have this id: theirs hold no dash.
GENERAL_ID = "general-key"
_ADDED_HERE = "added"
_DEPLOYMENT = "deployment"


@dataclass(frozen=True)
class ProviderOption:
    id: str
    name: str


@dataclass(frozen=True)
class ProviderChoice:
    """The provider in the form: what to show beside the key, and what a test of it can ask."""

    id: str = ""
    name: str = ""
    initials: str = ""
    kind: str = ""
    is_general: bool = False
    console_url: str = ""
    how_to: str = ""
    has_address: bool = True
    has_model_check: bool = False
    model_hint: str = ""


@dataclass(frozen=True)
class FieldOption:
    value: str
    label: str


@dataclass(frozen=True)
class FieldRow:
    """A field of the provider. `value` is never that of a secret one."""

    name: str
    input_id: str
    label: str
    help: str
    required: bool
    value: str
    placeholder: str
    is_secret: bool
    options: list[FieldOption]


@dataclass(frozen=True)
class CredentialForm:
    """What the open form starts with. `id` is empty for a new key. Holds no secret."""

    id: str = ""
    version: int = 0
    secret_version: int = 0
    active: bool = True
    needs_value: bool = False
    provider_name: str = ""
    name: str = ""
    mask: str = ""
    note: str = ""
    environment: str = ""
    expires_on: str = ""
    remind_on: str = ""
    failover: bool = False


@dataclass(frozen=True)
class PastedHint:
    """What a pasted value looks like. Holds nothing of it."""

    guessed_id: str = ""
    guessed_name: str = ""
    candidates: list[ProviderOption] = field(default_factory=list)
    candidate_names: str = ""
    is_assignment: bool = False
    notice: str = ""
    problem: str = ""
    warning: str = ""


# What a key without a provider is, in the list and in the form.
GENERAL = ProviderChoice(
    id=GENERAL_ID,
    name="General key",
    initials="GK",
    kind="No provider",
    is_general=True,
    how_to="Bound to no provider: a name and a value that never expires. Link it to providers later.",
)
_RECOGNISE = PickerOption("", "Recognise it from the key", "?", "", "recognise it from the key auto detect")


def picker_groups(providers: Sequence[ProviderView]) -> list[PickerGroup]:
    """Return what a key can be saved for: no provider at all, the key's own word, or providers by kind."""
    enabled = [p for p in providers if p.enabled]
    general = PickerOption(
        GENERAL_ID, GENERAL.name, GENERAL.initials, GENERAL.kind, "general key no provider other none"
    )
    grouped = [
        (label, [_picker_option(p) for p in enabled if _group_of(p) == kind])
        for kind, label in PROVIDER_GROUPS.items()
    ]
    first = PickerGroup("", [general, _RECOGNISE])
    return [first, *(PickerGroup(label, options) for label, options in grouped if options)]


def _picker_option(provider: ProviderView) -> PickerOption:
    words = " ".join((provider.name, provider.id, *provider.keywords)).casefold()
    return PickerOption(provider.id, provider.name, provider.initials, KIND.get(provider.kind, ""), words)


def options_of(providers: Sequence[ProviderView]) -> list[ProviderOption]:
    """Return all providers the list may hold keys of; one that is turned off says so."""
    return [ProviderOption(p.id, p.name if p.enabled else f"{p.name} (turned off)") for p in providers]


def choice_of(provider: ProviderView) -> ProviderChoice:
    return ProviderChoice(
        id=provider.id,
        name=provider.name,
        initials=provider.initials,
        kind=KIND.get(provider.kind, ""),
        console_url=provider.console_url,
        how_to=provider.how_to,
        has_address=provider.base_url != "",
        has_model_check=provider.has_model_check,
        model_hint=model_hint_of(provider),
    )


def model_hint_of(provider: ProviderView) -> str:
    """Return what to write as the model, and what a blank means."""
    if provider.preferred_models:
        return f"Such as {provider.preferred_models[0]}; blank picks one"
    # Nothing is picked where each model has the name that its owner gave it.
    if any(needed.name == _DEPLOYMENT for needed in provider.fields):
        return "Your deployment's name"
    return "Blank picks one"


def field_rows(provider: ProviderView, saved: CredentialView | None = None) -> list[FieldRow]:
    """Return what the provider needs besides the key: what everybody looks at first, then the rest."""
    in_order = sorted(provider.fields, key=lambda f: not (f.required or f.choices))
    return [_field_row(f, saved) for f in in_order]


def form_of(view: CredentialView) -> CredentialForm:
    return CredentialForm(
        id=view.id,
        version=view.version,
        secret_version=view.secret_version,
        active=view.active,
        needs_value=view.status == "re_enter",
        provider_name="General key" if view.is_general else view.provider_name,
        name=view.name,
        mask=view.mask,
        note=view.note,
        environment=view.environment,
        expires_on=_day_of(view.expires_at),
        remind_on=_day_of(view.remind_at),
        failover=view.failover,
    )


def hint_of(found: PastedView) -> PastedHint:
    return PastedHint(
        guessed_id=found.guessed.id if found.guessed else "",
        guessed_name=found.guessed.name if found.guessed else "",
        candidates=[ProviderOption(p.id, p.name) for p in found.candidates],
        candidate_names=_either([p.name for p in found.candidates]),
        is_assignment=found.is_assignment,
        notice=found.notice,
        problem=found.problem,
        warning=found.warning,
    )


def _day_of(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""


def moment_of(typed: str, field: str) -> datetime | None:
    """Return the first moment of the day typed, in UTC. Raises InvalidInput."""
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise InvalidInput("Give the day as 2027-01-31.", field=field) from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _either(names: Sequence[str]) -> str:
    *others, last = names or [""]
    return f"{', '.join(others)} or {last}" if others else last


def _group_of(provider: ProviderView) -> str:
    return _ADDED_HERE if provider.is_custom else provider.kind


def _field_row(needed: ProviderFieldView, saved: CredentialView | None) -> FieldRow:
    value = saved.fields.get(needed.name, "") if saved else ""
    placeholder, help_text = needed.default, needed.help
    if needed.secret and saved is not None:
        placeholder = "Saved with the key" if needed.name in saved.secret_fields else ""
        help_text = f"{needed.help} It is saved together with the key: to change it, enter the key again too."
    options = [FieldOption(choice, label) for choice, label in needed.choices]
    if options and not needed.default:
        options.insert(0, FieldOption("", "Choose one" if needed.required else "None"))
    return FieldRow(
        name=needed.name,
        input_id=f"field-{needed.name}",
        label=needed.label,
        help=help_text,
        required=needed.required,
        value="" if needed.secret else value or (needed.default if options else ""),
        placeholder=placeholder,
        is_secret=needed.secret,
        options=options,
    )
