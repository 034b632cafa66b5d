"""Sealed blobs: what opens, and everything that must not."""

import copy
import hmac
import pickle
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from keyportal.domain.errors import Unopenable
from keyportal.domain.secret import Secret
from keyportal.vault.keyring import EncryptionKey, Keyring, UnknownKeyId
from keyportal.vault.sealed import Place, key_id_of, open_sealed, seal

ROOT, OTHER_ROOT = bytes(range(1, 33)), bytes(range(101, 133))
KEYRING = Keyring(ROOT)
SECRET = Secret("sk-canary-7f3b9d1e5a")
PLACE = Place(
    purpose="credential",
    table="credentials",
    row_id="01234567-89ab-cdef-0123-456789abcdef",
    scope="user",
    owner="alice",
    provider="openai",
    destination="https://api.openai.com",
    secret_version=3,
)
BLOB = seal(KEYRING, SECRET, PLACE)
places = st.builds(
    Place,
    *[st.text(st.characters(codec="utf-8"), max_size=4)] * 7,
    st.integers(min_value=0, max_value=99),
)


def opens(blob: bytes, place: Place = PLACE, keyring: Keyring = KEYRING) -> bool:
    try:
        return open_sealed(keyring, blob, place) == SECRET
    except Unopenable:
        return False


def test_what_was_sealed_opens_in_its_place() -> None:
    assert opens(BLOB)


@given(st.text(st.characters(codec="utf-8")), places)
def test_any_text_comes_back_from_any_place(text: str, place: Place) -> None:
    assert open_sealed(KEYRING, seal(KEYRING, Secret(text), place), place).reveal() == text


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "canary"},
        {"table": "encryption_keys"},
        {"row_id": "01234567-89ab-cdef-0123-456789abcdee"},
        {"scope": "system"},
        {"owner": "bob"},
        {"provider": "anthropic"},
        {"destination": "https://evil.example"},
        {"secret_version": 2},
        {"secret_version": 4},
        {"owner": "alic", "provider": "eopenai"},
        {"owner": ""},
    ],
)
def test_moved_to_another_place_it_does_not_open(change: dict[str, object]) -> None:
    assert not opens(BLOB, replace(PLACE, **change))


def test_no_single_flipped_bit_opens() -> None:
    for bit in range(len(BLOB) * 8):
        damaged = bytearray(BLOB)
        damaged[bit // 8] ^= 1 << bit % 8
        assert not opens(bytes(damaged)), f"bit {bit}"


def test_no_replaced_byte_opens() -> None:
    for at, byte in enumerate(BLOB):
        assert not opens(BLOB[:at] + bytes([byte ^ 0xFF]) + BLOB[at + 1 :]), f"byte {at}"


def test_no_truncated_or_extended_blob_opens() -> None:
    assert not any(opens(BLOB[:n]) for n in range(len(BLOB)))
    assert not any(opens(BLOB[n:]) for n in range(1, len(BLOB)))
    assert not opens(BLOB + b"\x00")


@given(st.binary(max_size=120))
def test_junk_is_unopenable_and_nothing_else(junk: bytes) -> None:
    with pytest.raises(Unopenable):
        open_sealed(KEYRING, junk, PLACE)


@pytest.mark.parametrize("version", [0, 2, 255])
def test_an_unknown_version_does_not_open(version: int) -> None:
    assert not opens(bytes([version]) + BLOB[1:])


def test_an_unknown_key_id_does_not_open() -> None:
    assert not opens(BLOB, keyring=Keyring(OTHER_ROOT))


def test_a_blob_under_a_key_of_the_same_id_but_other_bytes_does_not_open() -> None:
    other = Keyring(OTHER_ROOT)
    assert not opens(BLOB[:1] + bytes.fromhex(other.current.id) + BLOB[5:], keyring=other)


def test_what_a_previous_key_sealed_still_opens() -> None:
    assert opens(BLOB, keyring=Keyring(OTHER_ROOT, [ROOT]))


def test_the_current_key_seals_not_the_previous_one() -> None:
    keyring = Keyring(OTHER_ROOT, [ROOT])
    blob = seal(keyring, SECRET, PLACE)
    assert key_id_of(blob) == EncryptionKey(OTHER_ROOT).id
    assert opens(blob, keyring=Keyring(OTHER_ROOT))


def test_opening_says_nothing_of_why() -> None:
    with pytest.raises(Unopenable) as refusal:
        open_sealed(KEYRING, BLOB, replace(PLACE, owner="bob"))
    assert refusal.value.__suppress_context__ and refusal.value.message == Unopenable.message


def test_the_layout_is_version_key_id_nonce_ciphertext_tag() -> None:
    """Recomputed here with the library alone: a blob must stay readable for years."""
    sealing = HKDF(SHA256(), length=32, salt=None, info=b"keyportal/sealing/v1").derive(ROOT)
    nonce, body = BLOB[5:17], BLOB[17:]
    opened = AESGCM(sealing).decrypt(nonce, body, PLACE.associated_data(KEYRING.current.id))
    assert (BLOB[0], BLOB[1:5].hex(), opened.decode()) == (1, KEYRING.current.id, SECRET.reveal())
    assert len(BLOB) == 1 + 4 + 12 + len(SECRET.reveal()) + 16


def test_the_key_id_is_four_bytes_of_an_hmac_of_the_key() -> None:
    assert EncryptionKey(ROOT).id == hmac.digest(ROOT, b"keyportal/kid/v1", sha256)[:4].hex()


def test_the_sub_keys_are_hkdf_by_purpose_and_none_is_the_root() -> None:
    key = EncryptionKey(ROOT)
    audit = HKDF(SHA256(), length=32, salt=None, info=b"keyportal/audit/v1").derive(ROOT)
    assert key.audit == audit
    assert len({ROOT, key.sealing, key.audit}) == 3


def test_the_associated_data_is_every_part_behind_its_length() -> None:
    data, parts = PLACE.associated_data("00ff00ff"), []
    while data:
        size = int.from_bytes(data[:4], "big")
        parts.append(data[4 : 4 + size].decode())
        data = data[4 + size :]
    assert sorted(parts) == sorted(
        ["00ff00ff", *(str(v) for v in vars(PLACE).values())],
    )


@given(places, places)
def test_no_two_places_share_their_associated_data(one: Place, other: Place) -> None:
    assert (one.associated_data("00ff00ff") == other.associated_data("00ff00ff")) is (one == other)


@given(places, st.integers(0, 5))
def test_a_character_moved_to_the_next_part_is_another_place(place: Place, at: int) -> None:
    names = ["purpose", "table", "row_id", "scope", "owner", "provider", "destination"]
    left, right = getattr(place, names[at]) + "x", getattr(place, names[at + 1])
    one = replace(place, **{names[at]: left, names[at + 1]: right})
    other = replace(place, **{names[at]: left[:-1], names[at + 1]: "x" + right})
    assert one.associated_data("00ff00ff") != other.associated_data("00ff00ff")


def test_a_nonce_never_comes_twice() -> None:
    nonces = {seal(KEYRING, SECRET, PLACE)[5:17] for _ in range(20_000)}
    assert len(nonces) == 20_000


def test_the_secret_is_not_in_the_blob() -> None:
    assert SECRET.reveal().encode() not in BLOB


@pytest.mark.parametrize("held", [KEYRING, KEYRING.current])
@pytest.mark.parametrize("act", [pickle.dumps, copy.deepcopy])
def test_keys_refuse_to_be_pickled_or_copied(act, held: object) -> None:
    with pytest.raises(TypeError):
        act(held)


def test_a_key_shows_its_id_and_not_its_bytes() -> None:
    assert repr(KEYRING.current) == f"EncryptionKey(id={KEYRING.current.id})"


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_key_has_exactly_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        EncryptionKey(b"k" * size)


def test_an_unknown_id_is_named() -> None:
    with pytest.raises(UnknownKeyId, match="00000000"):
        KEYRING.get("00000000")
    assert not KEYRING.holds("00000000")
