"""Signed settings: who changed a limit can be told, and what nobody signed never writes a set point.

The signature is Ed25519 over the digest of `settings.digest` and stands beside the settings (`NAME.yaml.sig`, JSON).
Which public keys are trusted is told on the command line, not in the settings.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gigasite._core.errors import InputFileError, OutputError
from gigasite._core.files import read_bytes, write_bytes, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gigasite.field.battery.settings import Setup

PURPOSE = b"gigasite battery settings 1:"
MOST = 64 * 1024


def new_key(path: Path) -> Path:
    """Write a new private key (readable by its owner alone) and its public key `path.pub`; return the latter's path.

    Raises
    ------
    OutputError
        There is one already, or the place cannot be written.
    """
    if path.exists():
        raise OutputError(f"{path} is there already: keys are not overwritten")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(secret)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    beside = path.with_name(f"{path.name}.pub")
    write_bytes(beside, public)
    return beside


def sign(setup: Setup, key: Path) -> Path:
    """Sign the settings; return the path of the signature.

    Raises
    ------
    InputFileError
        The key cannot be read.
    """
    try:
        secret = serialization.load_pem_private_key(read_bytes(key, MOST), password=None)
    except (ValueError, TypeError) as error:
        raise InputFileError(str(key), 0, "is no private key (PEM, without a password)") from error
    if not isinstance(secret, Ed25519PrivateKey):
        raise InputFileError(str(key), 0, "is no Ed25519 key: make one with `gigasite battery key`")
    signature = secret.sign(PURPOSE + setup.digest.encode())
    path = beside(setup.path)
    write_text(path, json.dumps({"sha256": setup.digest, "signature": signature.hex()}, indent=1) + "\n")
    return path


def beside(settings: Path) -> Path:
    """Return where the signature of a settings file stands."""
    return settings.with_name(f"{settings.name}.sig")


def refusal(setup: Setup, trusted: Sequence[Path]) -> str:
    """Return why the settings are not signed by a trusted key; "" when they are.

    Raises
    ------
    InputFileError
        A trusted key cannot be read.
    """
    if not trusted:
        return "no key is trusted: name one with --trusted"
    path = beside(setup.path)
    if not path.is_file():
        return f"{path.name} is not there: sign the settings with `gigasite battery sign`"
    try:
        said = json.loads(read_bytes(path, MOST))
        signature = bytes.fromhex(said["signature"])
        sha256 = str(said["sha256"])
    except (ValueError, KeyError, TypeError):
        return f"{path.name} is no signature"
    if sha256 != setup.digest:
        return f"the settings changed after they were signed: they are {setup.digest[:12]}, {sha256[:12]} was signed"
    for key in trusted:
        try:
            _public(key).verify(signature, PURPOSE + setup.digest.encode())
        except InvalidSignature:
            continue
        return ""
    return f"{path.name} is by none of the trusted keys"


def _public(path: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(read_bytes(path, MOST))
    except ValueError as error:
        raise InputFileError(str(path), 0, "is no public key (PEM)") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputFileError(str(path), 0, "is no Ed25519 public key")
    return key
