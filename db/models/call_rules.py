"""What call types mean by day, and every change an analyst made to it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.types import vocabulary
from db.vocab import CallCategory
from db.vocab.rules import RuleAction


class CallTypeSpan(Base):
    """Days, both inclusive, on which a type means something else than ``CallType.category`` says.

    Only types that a dated rule decides have any; spans of one type never overlap. ``db.cad.meaning`` reads them.
    """

    __tablename__ = "call_type_span"
    __table_args__ = (
        Index(None, "type_id", "first_day"),
        CheckConstraint("last_day >= first_day", name="order"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    type_id: Mapped[int] = mapped_column(ForeignKey("call_type.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    category: Mapped[CallCategory | None] = mapped_column(vocabulary(CallCategory))
    """None: on these days no rule covers it."""


class CallRuleChange(Base):
    """One change of a rule, of the order, of the institutions or of the codebook; what undoing it needs."""

    __tablename__ = "call_rule_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    action: Mapped[RuleAction] = mapped_column(vocabulary(RuleAction))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("call_rule.id"), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    """In words: the rule's text, the places."""
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    types: Mapped[int] = mapped_column(default=0)
    calls: Mapped[int] = mapped_column(default=0)
    """Calls that mean something else since (or places' calls that are no longer counted)."""
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"), index=True)
    """The break line it drew on the time axes, where it moved a series."""
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(80))
