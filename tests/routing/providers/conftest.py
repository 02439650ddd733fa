"""Hostile servers and the transport that meets them."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from routing.providers.transport import PooledTransport
from tests.routing.providers.hostile import Script, Server


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def start(*scripts: Script, tls: ssl.SSLContext | None = None) -> Server:
            server = Server(*scripts, tls=tls)
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture
def transport(serve):
    """Depends on `serve`, so that it closes its connections before servers stop."""
    with PooledTransport() as transport:
        yield transport


@pytest.fixture(scope="session")
def tls(tmp_path_factory):
    """Return server and client contexts around a certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "acme")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "acme.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=pem)
