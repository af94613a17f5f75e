"""Column types the whole schema shares: UTC moments, exact money, encrypted text, closed vocabularies."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import BigInteger, DateTime, Dialect, Enum, LargeBinary, TypeDecorator
from sqlalchemy.types import TypeEngine

from db import settings
from db.errors import Setup


class Moment(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. A naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: say its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """Exact dollars and cents as Decimal, kept as whole cents: no database's float touches them."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if not isinstance(value, Decimal | int):
            raise TypeError(f"money is Decimal, not {type(value).__name__}: {value!r}")
        cents = Decimal(value) * 100
        if cents != cents.to_integral_value():
            raise ValueError(f"{value} has a fraction of a cent")
        return int(cents)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else (Decimal(value) / 100).quantize(Decimal("0.01"))

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self


class Encrypted(TypeDecorator[str]):
    """Text encrypted at rest (Fernet: AES-128-CBC + HMAC-SHA256) under a key derived from the secret."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else _fernet().encrypt(value.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        try:
            return _fernet().decrypt(bytes(value)).decode()
        except InvalidToken:
            raise Setup(
                "A stored name or note cannot be decrypted with this installation's secret. "
                "Restore secret.key (or TANDEM_SECRET) from the backup that belongs to this database."
            ) from None


def vocabulary(kind: type[StrEnum]) -> Enum:
    """A VARCHAR with a CHECK that holds the values of ``kind``, on every database."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=kind.__name__.lower(),
        values_callable=lambda members: [m.value for m in members],
        validate_strings=True,
    )


def keyed_hash(text: str, purpose: str) -> str:
    """Hex HMAC-SHA256 of ``text`` under the installation's secret; ``purpose`` keeps uses apart."""
    return hmac.new(settings.load().secret, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


@cache
def _fernet_for(secret: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"tandem identity v1\0" + secret).digest()))


def _fernet() -> Fernet:
    return _fernet_for(settings.load().secret)
