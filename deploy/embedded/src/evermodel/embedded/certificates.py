"""Certificates for the connections of one stack: an authority of its own, and who it vouches for.

Owns the files; private keys are readable by their owner only. Made anew at every start, and none
ends before its stack does: nothing has to be renewed. Must never be used beyond loopback.
"""

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from evermodel.embedded.addresses import LOOPBACK
from evermodel.embedded.secret_files import write_secret

AUTHORITY = "authority.pem"
#: Beyond any stack: with a year, one that nobody started again refused every new connection then.
_LIFE = timedelta(days=36500)
#: A clock that was set back meanwhile must not make them invalid.
_EARLIER = timedelta(days=1)


def make_certificates(folder: Path, names: tuple[str, ...], *, now: datetime) -> None:
    """Write ``authority.pem`` and, for each of `names`, ``<name>.crt``, ``.key`` and ``.pem``.

    The ``.pem`` holds key and certificate together, as Kafka reads them. `names` become common
    names. The authority's own key is not kept: nobody can be vouched for later.
    """
    start = now - _EARLIER
    key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(key, start)
    top = authority.public_bytes(serialization.Encoding.PEM)
    write_secret(folder / AUTHORITY, top)
    for name in names:
        own = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, own, authority=authority, signer=key, start=start)
        text = certificate.public_bytes(serialization.Encoding.PEM)
        write_secret(folder / f"{name}.key", _private(own))
        write_secret(folder / f"{name}.crt", text)
        write_secret(folder / f"{name}.pem", _private(own) + text + top)


def _authority(key: ec.EllipticCurvePrivateKey, start: datetime) -> x509.Certificate:
    name = _name("evermodel, this stack only")
    uses = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _unsigned(name, key, issuer=name, start=start)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(uses, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    start: datetime,
) -> x509.Certificate:
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        _unsigned(_name(name), key, issuer=authority.subject, start=start)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(here, critical=False)
        .add_extension(issuer, critical=False)
        .sign(signer, hashes.SHA256())
    )


def _unsigned(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, *, issuer: x509.Name, start: datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        subject_name=name,
        issuer_name=issuer,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=start,
        not_valid_after=start + _LIFE,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
