"""Mutual TLS: who shows no certificate, or another authority's, is told so at connecting and not at the first cycle."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import struct
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gigasite._core.errors import FieldError
from gigasite.field.modbus.client import Client
from gigasite.field.modbus.server import Server
from gigasite.field.modbus.tls import TlsFiles, client_context, server_context

Signed = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def made(name: str, by: Signed | None = None, host: str = "127.0.0.1") -> Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    sans: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(host))]
    build = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[0].subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(sans), critical=False)
    )
    return build.sign(by[1] if by else key, hashes.SHA256()), key


def written(folder: Path, name: str, own: Signed, authority: Signed) -> TlsFiles:
    pem = serialization.Encoding.PEM
    paths = [folder / f"{name}-{k}.pem" for k in ("authority", "certificate", "key")]
    paths[0].write_bytes(authority[0].public_bytes(pem))
    paths[1].write_bytes(own[0].public_bytes(pem))
    paths[2].write_bytes(own[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return TlsFiles(authority=paths[0], certificate=paths[1], key=paths[2])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TlsFiles]:
    folder = tmp_path_factory.mktemp("tls")
    plant, stranger = made("plant"), made("stranger")
    return {
        "device": written(folder, "device", made("device", plant), plant),
        "loop": written(folder, "loop", made("loop", plant), plant),
        "stranger": written(folder, "stranger", made("loop", stranger), plant),
        "distrust": written(folder, "distrust", made("loop", plant), stranger),
        "elsewhere": written(folder, "elsewhere", made("device", plant, "10.0.0.1"), plant),
    }


def device(_unit: int, _function: int, address: int, count: int, _data: bytes) -> bytes | int:
    return struct.pack(f">{count}H", *range(address, address + count)) if address + count <= 100 else 2


def play(server_tls: TlsFiles | None, client_tls: TlsFiles | None) -> bytes:
    async def all_of_it() -> bytes:
        server = Server(device, context=server_context(server_tls) if server_tls else None)
        await server.listen()
        client = Client("127.0.0.1", server.port, timeout_s=0.5, tls=client_tls, name="u1")
        try:
            await client.connect()
            return await client.read(1, 5, 1)
        finally:
            await client.close()
            await server.close()

    return asyncio.run(all_of_it())


def test_both_ends_with_certificates_of_the_plant(files: dict[str, TlsFiles]) -> None:
    assert play(files["device"], files["loop"]) == b"\x00\x05"  # the probe's exception is an answer too
    context = client_context(files["loop"])
    assert (context.check_hostname, context.verify_mode.name, context.minimum_version.name) == (
        True,
        "CERT_REQUIRED",
        "TLSv1_2",
    )


@pytest.mark.parametrize(
    ("device_end", "loop_end"),
    [("device", "stranger"), ("device", "distrust"), ("elsewhere", "loop"), (None, "loop"), ("device", None)],
)
def test_everybody_else_is_refused_at_connecting(files: dict[str, TlsFiles], device_end: Any, loop_end: Any) -> None:
    with pytest.raises(FieldError) as told:
        play(files.get(device_end), files.get(loop_end))
    assert told.value.kind in {"refused", "reset", "closed", "timeout"}
    assert str(told.value).startswith("u1")


def test_there_are_no_default_keys(files: dict[str, TlsFiles], tmp_path: Path) -> None:
    good = files["loop"]
    with pytest.raises(FieldError, match="has no defaults"):
        client_context(TlsFiles(authority=good.authority, certificate=good.certificate, key=tmp_path / "none.pem"))
    with pytest.raises(FieldError, match="TLS files"):
        client_context(TlsFiles(authority=good.authority, certificate=good.certificate, key=files["device"].key))
    (tmp_path / "x.pem").write_text("no certificate", encoding="utf-8")
    with pytest.raises(FieldError, match="TLS files"):
        server_context(TlsFiles(authority=tmp_path / "x.pem", certificate=good.certificate, key=good.key))
