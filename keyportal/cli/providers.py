"""`providers list`, `providers show` and `check`: the catalogue, and a key tested without the web page."""

import asyncio
import sys
from getpass import getpass
from typing import Annotated

import typer

from keyportal.cli.console import refusals_as_exit_codes, say
from keyportal.domain.checks import CheckResult, Outcome
from keyportal.domain.secret import Secret
from keyportal.services import providers_here
from keyportal.services.providers_here import ProviderFacts
from keyportal.settings import load_settings

# 1 is a refusal, 2 a wrong command line, 78 a setting: the outcomes keep clear of them.
EXIT_CODES = {
    Outcome.VALID: 0,
    Outcome.VALID_LIMITED: 10,
    Outcome.QUOTA_EXHAUSTED: 11,
    Outcome.RATE_LIMITED: 12,
    Outcome.INVALID: 13,
    Outcome.REGION_OR_ENDPOINT_MISMATCH: 14,
    Outcome.PROVIDER_ERROR: 15,
    Outcome.UNREACHABLE: 16,
    Outcome.UNCHECKED: 17,
}
_LONGEST_INPUT = 65536

app = typer.Typer(help="Providers a key can be saved for.", no_args_is_help=True)

Provider = Annotated[str, typer.Argument(help="The provider's id, such as openai.")]


@app.command("list")
def list_all(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The catalogue alone, as the README's table.")
    ] = False,
) -> None:
    """List all providers: id, kind, whether it is on, and the first environment variable."""
    if markdown:
        print(markdown_table(providers_here.catalogue_facts()))
        return
    with refusals_as_exit_codes():
        found = providers_here.all_facts(load_settings())
    for facts in found:
        variable = next(iter(facts.environment_names), "-")
        print(f"{facts.id:<18} {facts.kind:<11} {facts.state:<11} {variable:<28} {facts.name}")


@app.command()
def show(provider: Provider) -> None:
    """Show one provider: address, variables, extra fields, where to get a key."""
    with refusals_as_exit_codes():
        facts = providers_here.facts_of(load_settings(), provider)
    lines = [
        ("id", facts.id),
        ("name", facts.name),
        ("kind", facts.kind),
        ("state", facts.state),
        ("address", facts.base_url or "none yet; an admin sets it"),
        ("variables", ", ".join(facts.environment_names) or "none"),
        ("key looks like", " or ".join(facts.key_looks) or "not known"),
        ("get a key", facts.console_url or "ask an admin"),
        ("how to", facts.how_to),
        ("model test", "yes" if facts.has_model_check else "no"),
        *((f"field {name}", text) for name, text in facts.fields),
    ]
    for label, text in lines:
        print(f"{label + ':':<22} {text}")


def check(
    provider: Provider,
    from_env: Annotated[bool, typer.Option("--from-env", help="Take the key from its variable.")] = False,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the key from standard input.")] = False,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            help="NAME=VALUE, as `providers show` lists them; secret ones come from the environment.",
        ),
    ] = None,
    with_model: Annotated[bool, typer.Option("--with-model", help="Also test access to a model.")] = False,
    model: Annotated[str, typer.Option("--model", help="The model to test, instead of a chosen one.")] = "",
) -> None:
    """Test a key without the web page. Nothing is stored.

    The exit code says the outcome: 0 valid, 10 valid_limited, 11 quota_exhausted, 12 rate_limited,
    13 invalid, 14 region_or_endpoint_mismatch, 15 provider_error, 16 unreachable, 17 unchecked.
    """
    if from_env == stdin:
        say("Say where the key is: --from-env or --stdin. It is never taken from the arguments.")
        raise typer.Exit(2)
    fields = _fields(field or [])
    with refusals_as_exit_codes():
        settings = load_settings()
        key = (
            providers_here.key_of_environment(settings, provider, fields)
            if from_env
            else providers_here.key_given(settings, provider, _typed(), fields)
        )
        result = asyncio.run(
            providers_here.check_here(settings, provider, key, with_model=with_model, model=model)
        )
    if key.source:
        say(f"The key of {key.source}:")
    _print(result)
    raise typer.Exit(EXIT_CODES[result.outcome])


def markdown_table(found: list[ProviderFacts]) -> str:
    """Return the README's table of providers."""
    head = [
        "| provider | id | kind | environment variables | besides the key |",
        "| --- | --- | --- | --- | --- |",
    ]
    return "\n".join(head + [_row(facts) for facts in found])


def _row(facts: ProviderFacts) -> str:
    name = f"[{facts.name}]({facts.console_url})" if facts.console_url else facts.name
    variables = ", ".join(f"`{n}`" for n in facts.environment_names)
    needs = ", ".join(f"`{n}`" for n, _ in facts.fields)
    if facts.state == "no address":
        needs = ", ".join(part for part in (needs, "an address, set by an admin") if part)
    return f"| {name} | `{facts.id}` | {facts.kind} | {variables} | {needs} |"


def _typed() -> Secret:
    """Return the key from a pipe, or from a person without showing it."""
    return Secret(getpass("API key: ") if sys.stdin.isatty() else sys.stdin.read(_LONGEST_INPUT))


def _fields(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if not all(equals for _, equals, _ in pairs):
        say("Write each --field as NAME=VALUE.")
        raise typer.Exit(2)
    return {name: value for name, _, value in pairs}


def _print(result: CheckResult) -> None:
    print(f"{result.outcome}: {result.message}")
    if result.http_status is not None:
        print(f"answered in {result.latency_ms} ms with HTTP {result.http_status}")
    if result.balance:
        print(f"balance: {result.balance}")
    if result.models:
        print("models: " + ", ".join(result.models))
