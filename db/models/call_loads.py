"""What a load changed in calls that were there before, so that taking it back can put it right."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.types import vocabulary
from db.vocab.desk import CallReason


class CallChange(Base):
    """One call (or one of its units) that a later export told otherwise, with what stood there before."""

    __tablename__ = "call_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import.id"), index=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    unit: Mapped[str | None] = mapped_column(String(20))
    """None: the call itself."""
    old: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """Column → its value before; moments as UTC seconds. None: a unit that this import added."""


class CallReviewAside(Base):
    """What the desk said of a call that was taken back: kept by the call's key, in force again when it is reloaded."""

    __tablename__ = "call_review_aside"
    call_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    reason: Mapped[CallReason | None] = mapped_column(vocabulary(CallReason))
    referral_id: Mapped[int | None] = mapped_column(ForeignKey("referral.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
