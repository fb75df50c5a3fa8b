"""Personal data sealed as the contract says (proto/members.proto), a second time: by libsodium's cipher and Python's BLAKE2b."""

import ctypes
import hashlib
import secrets

from protos import members

sodium = ctypes.CDLL("libsodium.so.23")
assert sodium.sodium_init() >= 0

TAG_BYTES = 16


def seal(key, member_id, clear):
    """XChaCha20-Poly1305 with the member id authenticated: (nonce, ciphertext)."""
    nonce, additional = secrets.token_bytes(24), member_id.encode()
    out = ctypes.create_string_buffer(len(clear) + TAG_BYTES)
    length = ctypes.c_ulonglong()
    failed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        out,
        ctypes.byref(length),
        clear,
        ctypes.c_ulonglong(len(clear)),
        additional,
        ctypes.c_ulonglong(len(additional)),
        None,
        nonce,
        key,
    )
    assert not failed
    return nonce, out.raw[: length.value]


def wrapping_key(kek):
    """The subkey of the key-encryption key that wraps members' keys (libsodium's key derivation: keyed BLAKE2b)."""
    salt, person = (1).to_bytes(8, "little"), b"hywrap__"
    return hashlib.blake2b(b"", digest_size=32, key=kek, salt=salt.ljust(16, b"\0"), person=person.ljust(16, b"\0")).digest()


def seal_person(kek, member_id, **person):
    """(WrappedKey, Sealed) of a PersonalData."""
    key = secrets.token_bytes(32)
    nonce, ciphertext = seal(wrapping_key(kek), member_id, key)
    wrapped = members.WrappedKey(nonce=nonce, ciphertext=ciphertext, key_encryption_key=1)
    nonce, ciphertext = seal(key, member_id, members.PersonalData(**person).SerializeToString())
    return wrapped, members.Sealed(nonce=nonce, ciphertext=ciphertext)
