"""Whatever comes back, from any provider and at any step: no exception, no leak, no false valid."""

import asyncio
import json
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from keyportal.domain.checks import Outcome
from keyportal.domain.secret import Secret
from keyportal.providers.base import Check, Provider
from keyportal.providers.checking import check
from keyportal.providers.http import GuardedClient, Reason, Reply, Unreachable
from keyportal.providers.reading import clean, read
from keyportal.providers.registry import CATALOGUE, Registry
from keyportal.providers.wording import sentence_for, sentence_for_model
from tests.fakes.fake_provider import Answer, Steps
from tests.fakes.provider_replies import MODEL_REPLIES, REPLIES
from tests.providers.support import FIELDS, KEY, MODEL, all_checks, leaks, no_pause, service_account

ALL = [(provider, check) for provider in CATALOGUE for check in all_checks(provider)]
# Every way a key of a provider can be checked: its own, and each kind of key with a check of its own.
RUNS = [
    *((provider, KEY) for provider in CATALOGUE),
    *((Registry.of({}).get(name), service_account()) for name in ("google_speech", "vertex_ai")),
    (Registry.of({}).get("aws_bedrock"), "ABSK" + "Zr9Xw4Vt" * 16),
]


def _names_in(value: object) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(name for inner in value.values() for name in _names_in(inner))}
    return {name for inner in value for name in _names_in(inner)} if isinstance(value, list) else set()


def _answers() -> list[Answer]:
    rows = [*REPLIES.values(), *MODEL_REPLIES.values()]
    situations = [situation for row in rows for situation in vars(row).values()]
    return [
        answer
        for situation in situations
        for answer in (situation.by_name.values() if isinstance(situation, Steps) else [situation])
    ]


# The names real answers are made of: words of chance would never come near one.
_NAMES = sorted({name for answer in _answers() for name in _names_in(answer.body)} - {""})
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.just(KEY), st.just(10**400)
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=20,
)
_REAL = st.sampled_from([answer.content for answer in _answers()])
_BODIES = st.one_of(
    _REAL,
    _REAL.flatmap(lambda body: st.integers(0, len(body)).map(lambda end: body[:end])),
    st.binary(max_size=200),
    _JSON.map(lambda value: json.dumps(value).encode()),
    _JSON.map(lambda value: json.dumps(value).encode() + KEY.encode()),
)
_STATUSES = st.sampled_from([200, 200, 200, 400, 401, 403, 404, 429, 500]) | st.integers(100, 999)
_REPLIES = st.builds(Reply, _STATUSES, st.just({}), _BODIES, st.just(1), st.booleans())


# No deadline: a busy machine is not a failure.
@settings(deadline=None, max_examples=400)
@given(st.sampled_from(ALL), _REPLIES)
def test_no_reply_raises_leaks_or_is_valid_without_a_known_200(
    place: tuple[Provider, Check], reply: Reply
) -> None:
    provider, asked = place
    verdict = clean(read(asked, reply), [KEY])
    words = sentence_for(provider, verdict, reply.status) + sentence_for_model(provider, MODEL, verdict)
    assert KEY not in f"{verdict}{words}"
    if verdict.outcome is Outcome.VALID:
        assert reply.status == 200
        assert reply.truncated or asked.inspect(json.loads(reply.body)) is not None


class _SequenceClient(GuardedClient):
    """Answers with one reply after another, None for none at all, and remembers what it answered."""

    def __init__(self, replies: list[Reply | None]) -> None:
        super().__init__(frozenset())
        self._replies = replies
        self.answered: list[Reply | None] = []

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        number = len(self.answered)
        self.answered.append(self._replies[number % len(self._replies)])
        reply = self.answered[-1]
        if reply is None:
            raise Unreachable(Reason.CONNECTION)
        return reply


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(RUNS), st.lists(_REPLIES | st.none(), min_size=1, max_size=5), st.booleans())
def test_no_sequence_of_replies_raises_leaks_or_is_valid_without_a_200(
    run: tuple[Provider, str], replies: list[Reply | None], with_model: bool
) -> None:
    provider, key = run
    # Those without an address of their own have an admin's.
    provider = provider if provider.base_url else provider.with_base_url("https://llm.example.com")
    client = _SequenceClient(replies)
    fields = FIELDS.get(provider.id, {})
    result = asyncio.run(check(provider, Secret(key), fields, client, with_model=with_model, pause=no_pause))
    assert not leaks(result, key)
    # One each: token, question, again, list, stranger, model; more would be a loop.
    assert len(client.answered) <= 8
    if result.outcome is Outcome.VALID:
        assert any(reply is not None and reply.status == 200 for reply in client.answered)
        assert result.http_status == 200 or result.model_outcome is not None
