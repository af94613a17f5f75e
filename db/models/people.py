"""People the pilot knows: a public code and what groups need, apart from who they are."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base
from db.types import Encrypted, vocabulary
from db.vocab import AgeBand, Language, LanguageMet, RaceEthnicity, Sex


class Person(Base):
    """Somebody the pilot knows, under a public code (P-0132)."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    age_band: Mapped[AgeBand] = mapped_column(vocabulary(AgeBand), default=AgeBand.unknown)
    sex: Mapped[Sex] = mapped_column(vocabulary(Sex), default=Sex.unknown)
    race_ethnicity: Mapped[RaceEthnicity] = mapped_column(vocabulary(RaceEthnicity), default=RaceEthnicity.unknown)
    language: Mapped[Language] = mapped_column(vocabulary(Language), default=Language.unknown)
    language_met: Mapped[LanguageMet | None] = mapped_column(vocabulary(LanguageMet))
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """The person this code turned out to be; the code stays readable and takes no new work."""
    identity: Mapped["Identity | None"] = relationship(back_populates="person")


class Identity(Base):
    """Name, alias, birth date, phone and address, encrypted. Measures never import this table."""

    __tablename__ = "identity"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Encrypted)
    alias: Mapped[str | None] = mapped_column(Encrypted)
    born_on: Mapped[str | None] = mapped_column(Encrypted)
    """ISO date, encrypted as text."""
    phone: Mapped[str | None] = mapped_column(Encrypted)
    address: Mapped[str | None] = mapped_column(Encrypted)
    person: Mapped[Person] = relationship(back_populates="identity")
