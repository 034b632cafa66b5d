"""Where the guarded client goes, and above all where it does not: listeners with zero hits."""

import asyncio
import socket
import threading
import traceback

import httpcore
import pytest

from keyportal.providers.egress import GuardedBackend, is_allowed_inside, is_public
from keyportal.providers.http import GuardedClient, Reason, Unreachable
from tests.fakes.fake_provider import FakeProvider
from tests.providers.support import KEY, client_for

INSIDE = [
    "127.0.0.1",
    "127.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "224.0.0.1",
    "239.255.255.250",
    "0.0.0.0",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "192.88.99.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:53aa:64c::1",
    "2001:db8::1",
    "100::1",
]
SPELLINGS = ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0"]


class RecordingBackend(httpcore.AsyncMockBackend):
    """Opens nothing and remembers where it was sent."""

    def __init__(self) -> None:
        super().__init__([])
        self.addresses: list[str] = []

    async def connect_tcp(self, host, *args, **kwargs) -> httpcore.AsyncNetworkStream:
        self.addresses.append(host)
        return await super().connect_tcp(host, *args, **kwargs)


class FakeResolver:
    """Answers each look-up with the next list of addresses."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host, port, *args, **kwargs):
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer]


async def refusal(client: GuardedClient, url: str, **headers: str) -> Reason:
    with pytest.raises(Unreachable) as caught:
        await client.send("GET", url, headers)
    return caught.value.reason


@pytest.mark.parametrize("address", INSIDE)
def test_no_inside_address_counts_as_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "104.18.6.192", "2606:4700::6812:6c0"])
def test_open_internet_counts_as_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("192.168.1.9", True),
        ("100.70.1.1", True),
        ("8.8.8.8", True),
        ("169.254.169.254", False),
        ("fd00:ec2::254", False),
        ("100.100.100.200", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("fe80::1", False),
        ("224.0.0.1", False),
    ],
)
def test_allowed_origins_reach_private_hosts_but_no_metadata(address: str, allowed: bool) -> None:
    assert is_allowed_inside(address) is allowed


@pytest.mark.parametrize("host", SPELLINGS)
async def test_every_spelling_of_loopback_is_refused_at_the_socket(host: str) -> None:
    with FakeProvider() as listener:
        with pytest.raises(Unreachable) as caught:
            await GuardedBackend(trusted=False).connect_tcp(host, listener.port)
        assert caught.value.reason is Reason.REFUSED_ADDRESS
        assert listener.hits == 0


@pytest.mark.parametrize("host", [*SPELLINGS, "[::1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]"])
async def test_the_client_refuses_inside_hosts(host: str) -> None:
    client = GuardedClient(frozenset())
    assert await refusal(client, f"https://{host}/") is Reason.REFUSED_ADDRESS


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "https://127.0.0.1:{port}/",
        "http://api.openai.com/",
        "https://api.openai.com:8443/",
        "https://user@127.0.0.1:{port}/",
        "https://api.openai.com@127.0.0.1:{port}/",
        "https://api.openai.com:443@127.0.0.1/",
        "https://127.0.0.1:{port}\\@api.openai.com/",
        "https:\\\\127.0.0.1:{port}/",
        "https://127。0。0。1:{port}/",
        "https://\uff11\uff12\uff17.0.0.1:{port}/",
        "https://127.0.0.1%00.openai.com/",
        "https://[fe80::1%25eth0]/",
        "https://[127.0.0.1]/",
        "https://api.openai.com/#@127.0.0.1:{port}",
        "https://api.openai.com/\r\nHost: 127.0.0.1",
        "https://api.openai.com/a b",
        " https://api.openai.com/",
        "https://api.openai.com\n",
        "https://api.openai.com:0/",
        "https://api.openai.com:99999/",
        "https:///models",
        "file:///etc/passwd",
        "ftp://127.0.0.1:{port}/",
        "gopher://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "",
    ],
)
async def test_tricky_urls_are_refused_before_a_socket_opens(url: str) -> None:
    with FakeProvider() as listener:
        reason = await refusal(GuardedClient(frozenset()), url.format(port=listener.port))
        assert reason is Reason.REFUSED_URL
        assert listener.hits == 0


async def test_only_the_exact_allowed_origin_is_open() -> None:
    with FakeProvider() as allowed, FakeProvider() as other:
        client = client_for(allowed)
        assert (await client.send("GET", f"{allowed.url}/models", {})).status == 404
        assert await refusal(client, f"http://localhost:{allowed.port}/") is Reason.REFUSED_URL
        assert await refusal(client, f"https://127.0.0.1:{allowed.port}/") is Reason.REFUSED_URL
        assert await refusal(client, f"{other.url}/") is Reason.REFUSED_URL
        assert (allowed.hits, other.hits) == (1, 0)


async def test_an_admins_origin_is_open_and_nothing_beside_it() -> None:
    with FakeProvider() as theirs, FakeProvider() as other:
        client = GuardedClient(frozenset()).allowing(frozenset({theirs.url}))
        assert (await client.send("GET", theirs.url, {})).status == 404
        assert await refusal(client, other.url) is Reason.REFUSED_URL
        assert await refusal(GuardedClient(frozenset()), theirs.url) is Reason.REFUSED_URL
        assert (theirs.hits, other.hits) == (1, 0)


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200"])
async def test_an_admin_cannot_open_what_hands_out_a_machines_credentials(host: str) -> None:
    url = f"http://{host}"
    client = GuardedClient(frozenset()).allowing(frozenset({url}))
    assert await refusal(client, url) is Reason.CLOSED_ADDRESS


async def test_one_inside_answer_among_public_ones_refuses_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", FakeResolver(["93.184.215.14", "127.0.0.1"]))
    inner = RecordingBackend()
    with pytest.raises(Unreachable) as caught:
        await GuardedBackend(trusted=False, inner=inner).connect_tcp("mixed.test", 443)
    assert caught.value.reason is Reason.REFUSED_ADDRESS
    assert inner.addresses == []


async def test_a_rebinding_name_is_resolved_once_and_the_checked_address_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolver = FakeResolver(["93.184.215.14"], ["127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    inner = RecordingBackend()
    await GuardedBackend(trusted=False, inner=inner).connect_tcp("rebind.test", 443)
    assert (resolver.asked, inner.addresses) == (1, ["93.184.215.14"])


async def test_rebinding_cannot_lead_an_allowed_name_elsewhere_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with FakeProvider() as fake:
        resolver = FakeResolver(["127.0.0.1"], ["169.254.169.254"])
        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        origin = f"http://model.test:{fake.port}"
        client = GuardedClient(frozenset({origin}))
        assert (await client.send("GET", f"{origin}/", {})).status == 404
        assert await refusal(client, f"{origin}/") is Reason.CLOSED_ADDRESS
        assert (resolver.asked, fake.hits) == (2, 1)


async def test_a_name_without_an_address_is_a_dns_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert await refusal(GuardedClient(frozenset()), "https://nowhere.test/") is Reason.DNS


@pytest.mark.parametrize("host", ["a" * 64 + ".test", ".test", "a..test"])
async def test_a_host_that_is_no_name_is_a_dns_failure(host: str) -> None:
    assert await refusal(GuardedClient(frozenset()), f"https://{host}/") is Reason.DNS


async def test_redirects_are_handed_back_and_not_followed() -> None:
    with FakeProvider() as target, FakeProvider() as fake:
        fake.answer(302, b"", {"Location": f"{target.url}/"})
        client = GuardedClient(frozenset({fake.url, target.url}))
        assert (await client.send("GET", f"{fake.url}/", {})).status == 302
        assert (fake.hits, target.hits) == (1, 0)


async def test_a_proxy_from_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeProvider() as proxy, FakeProvider() as fake:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        await client_for(fake).send("GET", f"{fake.url}/", {})
        assert (fake.hits, proxy.hits) == (1, 0)


@pytest.mark.parametrize("value", ["a\r\nX: 1", "a\nb", "a\x00", "a\tb", " a", "a ", "", "\u00e9"])
async def test_a_header_value_that_could_split_is_refused(value: str) -> None:
    with FakeProvider() as fake:
        with pytest.raises(Unreachable) as caught:
            await client_for(fake).send("GET", f"{fake.url}/", {"Authorization": value})
        assert caught.value.reason is Reason.REFUSED_HEADER
        assert fake.hits == 0


async def test_a_body_over_the_cap_is_cut_and_marked() -> None:
    with FakeProvider() as fake:
        fake.answer(200, b"a" * 1_000_000)
        client = GuardedClient(frozenset({fake.url}), max_bytes=1000)
        reply = await client.send("GET", f"{fake.url}/", {})
    assert (len(reply.body), reply.truncated) == (1000, True)


async def test_a_body_is_sent_as_given() -> None:
    with FakeProvider() as fake:
        await client_for(fake).send("POST", f"{fake.url}/x?y=1", {"X-A": "b"}, b'{"a": 1}')
    (request,) = fake.requests
    assert (request.method, request.path, request.body) == ("POST", "/x?y=1", b'{"a": 1}')
    assert request.headers["accept-encoding"] == "identity"


async def test_cookies_and_connections_are_not_carried_over() -> None:
    with FakeProvider() as fake:
        fake.answer(200, {}, {"Set-Cookie": "session=1", "Connection": "keep-alive"})
        client = client_for(fake)
        for _ in range(2):
            await client.send("GET", f"{fake.url}/", {})
    assert fake.hits == 2
    assert all("cookie" not in request.headers for request in fake.requests)


async def test_a_refused_connection_and_plain_text_behind_https_are_told_apart() -> None:
    async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(speak_plainly, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        client = GuardedClient(frozenset({url}))
        assert await refusal(client, url) is Reason.TLS
    assert await refusal(client, url) is Reason.CONNECTION


async def test_a_failure_carries_no_header_url_or_cause() -> None:
    with FakeProvider() as fake:
        fake.drop()
        with pytest.raises(Unreachable) as caught:
            headers = {"Authorization": f"Bearer {KEY}"}
            await client_for(fake).send("GET", f"{fake.url}/?q=private", headers)
    error = caught.value
    assert error.__cause__ is None and error.__context__ is None
    text = "".join(traceback.format_exception(error)) + repr(error.__dict__)
    assert "canary-7Yq2" not in text and "private" not in repr(error)


async def test_a_cancelled_call_stays_cancelled() -> None:
    with FakeProvider() as fake:
        fake.stay_silent()
        call = asyncio.create_task(client_for(fake).send("GET", f"{fake.url}/", {}))
        while not fake.requests:
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_slow_name_servers_hold_up_nothing_but_their_own_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered, begun = threading.Event(), []

    def stay_silent(*_: object, **__: object) -> list[object]:
        begun.append(1)
        answered.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", stay_silent)
    client = GuardedClient(frozenset())
    # More look-ups than the event loop has threads, on any machine.
    calls = [asyncio.create_task(refusal(client, f"https://slow{n}.test/")) for n in range(40)]
    try:
        while len(begun) < 4:
            await asyncio.sleep(0.01)
        page = asyncio.to_thread(lambda: "served")
        assert await asyncio.wait_for(page, timeout=60) == "served"
    finally:
        answered.set()
    assert set(await asyncio.gather(*calls)) == {Reason.DNS}
