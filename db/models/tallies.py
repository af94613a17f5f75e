"""A weekly tally after it was certified: corrections, the chief's acceptance, and what is said of it."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base
from db.models.work import Tally
from db.types import Encrypted, vocabulary
from db.vocab import TallyItem
from db.vocab.tally import AmendmentStatus

REPORTED = Numeric(8, 2)
"""As in ``TallyValue``: a whole count, or hours to two decimals."""


class TallyAmendment(Base):
    """One line of the correction ledger: one figure of a certified week, before and after. Never changed."""

    __tablename__ = "tally_amendment"
    __table_args__ = (
        CheckConstraint("new_reported IS NULL OR new_reported >= 0", name="not_negative"),
        CheckConstraint("length(why) > 0", name="says_why"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    tally_id: Mapped[int] = mapped_column(ForeignKey("tally.id"), index=True)
    item: Mapped[TallyItem] = mapped_column(vocabulary(TallyItem))
    old_reported: Mapped[Decimal | None] = mapped_column(REPORTED)
    new_reported: Mapped[Decimal | None] = mapped_column(REPORTED)
    """None is "not recorded", as on the sheet."""
    old_reason: Mapped[str | None] = mapped_column(String(200))
    """Why the figure differed from the log until now: the sheet shows the new ``why`` instead."""
    why: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("amendment_request.id"))
    """The asked-for amendment it came from; None where the week was not accepted yet."""


class AmendmentRequest(Base):
    """The desk asks the chief to amend a week he accepted. At most one of a week is open."""

    __tablename__ = "amendment_request"
    __table_args__ = (
        CheckConstraint("(status = 'asked') = (decided_at IS NULL)", name="decided_when"),
        CheckConstraint("length(why) > 0", name="says_why"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    tally_id: Mapped[int] = mapped_column(ForeignKey("tally.id"), index=True)
    why: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    status: Mapped[AmendmentStatus] = mapped_column(vocabulary(AmendmentStatus), default=AmendmentStatus.asked)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answer: Mapped[str | None] = mapped_column(String(200))
    """What the chief said with it."""
    tally: Mapped[Tally] = relationship()
    lines: Mapped[list["AmendmentRequestLine"]] = relationship(cascade="all, delete-orphan")


class AmendmentRequestLine(Base):
    """One figure that is asked to change."""

    __tablename__ = "amendment_request_line"
    __table_args__ = (CheckConstraint("new_reported IS NULL OR new_reported >= 0", name="not_negative"),)
    request_id: Mapped[int] = mapped_column(ForeignKey("amendment_request.id"), primary_key=True)
    item: Mapped[TallyItem] = mapped_column(vocabulary(TallyItem), primary_key=True)
    old_reported: Mapped[Decimal | None] = mapped_column(REPORTED)
    new_reported: Mapped[Decimal | None] = mapped_column(REPORTED)
    log: Mapped[Decimal] = mapped_column(REPORTED)
    """What the log said when it was asked: the chief, who approves, may not read the log."""


class TallyAcceptance(Base):
    """The chief accepted this certified week: from then on amending it asks him."""

    __tablename__ = "tally_acceptance"
    tally_id: Mapped[int] = mapped_column(ForeignKey("tally.id"), primary_key=True)
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class TallyComment(Base):
    """What desk or chief say of a figure, or of the whole week (``item`` None). Said of a week not saved yet, too."""

    __tablename__ = "tally_comment"
    __table_args__ = (Index(None, "staff_id", "week"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    week: Mapped[date]
    item: Mapped[TallyItem | None] = mapped_column(vocabulary(TallyItem))
    text: Mapped[str] = mapped_column(Encrypted)
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    taken_back_at: Mapped[datetime | None]
