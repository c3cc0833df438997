"""Mutual TLS for Modbus: both ends show a certificate that the plant's own authority signed. There are no default keys.

Source: MODBUS/TCP Security Protocol Specification, modbus.org, 2018 (TLS 1.2 or newer, client certificate demanded,
port 802).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.errors import FieldError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Files of one end (PEM).

    Parameters
    ----------
    authority
        Certificate of the authority that signed the other end's.
    certificate, key
        Of this end; the key without a passphrase, readable by this user alone.
    server_name
        Name in the device's certificate; "": the host that is connected to.
    probe
        Unit id and register of a test read after connecting: under TLS 1.3 a device that refuses our certificate
        lets us connect first.
    """

    authority: Path
    certificate: Path
    key: Path
    server_name: str = ""
    probe: tuple[int, int] = (1, 40000)


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Return the context of a client: TLS 1.2 at least, the device's certificate and name checked, ours shown.

    Raises
    ------
    FieldError
        A file cannot be read, or key and certificate do not belong together.
    """
    return _filled(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), files)


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return the context of a server that demands a client certificate; as `client_context`."""
    context = _filled(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), files)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _filled(context: ssl.SSLContext, files: TlsFiles) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path in (files.authority, files.certificate, files.key):
        if not path.is_file():
            raise FieldError(f"{path} is no file: TLS needs authority, certificate and key, and has no defaults")
    try:
        context.load_verify_locations(cafile=files.authority)
        # a passphrase is never asked for: the loop starts without anybody at the keyboard
        context.load_cert_chain(files.certificate, files.key, password=lambda: "")
    except (OSError, ssl.SSLError, ValueError) as error:
        raise FieldError(f"TLS files of {files.certificate}: {error}") from error
    return context
