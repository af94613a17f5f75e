"""The pages: file, title, icon, who may. Menu, sign-in gate and the role × page test all read this table."""

from dataclasses import dataclass
from pathlib import Path

from db.access import Permission as P
from db.access import Viewer

VIEWS = Path(__file__).resolve().parent / "views"
OWN = "Own"
"""The group that the menu shows under the person's own name."""


@dataclass(frozen=True, slots=True)
class Page:
    """``file`` is in ``VIEWS``; its stem is the address.

    Any one of ``permissions`` opens it; with none it is everybody's who is signed in.
    """

    file: str
    title: str
    icon: str
    group: str
    permissions: tuple[P, ...]
    listed: bool = True
    """Whether the menu names it; others are reached from a page that shows what they are about."""

    @property
    def path(self) -> str:
        return self.file.removesuffix(".py")

    def open_to(self, viewer: Viewer) -> bool:
        return not self.permissions or any(viewer.may(p) for p in self.permissions)


PAGES: tuple[Page, ...] = (
    Page("overview.py", "Overview", ":material/dashboard:", "", (P.see_overview,)),
    Page("desk.py", "My desk", ":material/home:", "", (P.log_work,)),
    Page("log.py", "Log an intervention", ":material/edit_note:", "", (P.log_work,)),
    Page("referrals.py", "Referrals", ":material/inbox:", "", (P.log_work,)),
    Page("people.py", "People", ":material/groups:", "", (P.see_people,)),
    Page("connections.py", "Connections", ":material/handshake:", "", (P.log_work,)),
    Page("directory.py", "Directory", ":material/menu_book:", "", (P.log_work,)),
    Page("tally.py", "Weekly tally", ":material/checklist:", "", (P.certify_tally,)),
    Page("refer.py", "Refer someone", ":material/person_add:", "", (P.refer,)),
    Page("review.py", "Charts", ":material/monitoring:", "Review", (P.see_figures,)),
    Page("call_figures.py", "Call figures", ":material/stacked_line_chart:", "Review", (P.see_overview,)),
    Page("call_list.py", "Calls behind a figure", ":material/list_alt:", "Review", (P.see_calls,), listed=False),
    Page("records.py", "Records", ":material/list_alt:", "Review", (P.see_figures,), listed=False),
    Page("weeks.py", "Weeks", ":material/calendar_month:", "Review", (P.see_tallies,)),
    Page("calls.py", "Calls", ":material/call:", "Review", (P.import_calls,)),
    Page("present.py", "Present", ":material/slideshow:", "Meeting", (P.present,)),
    Page("budget.py", "Budget", ":material/account_balance:", "Review", (P.see_lines,)),
    Page("reconcile.py", "Reconciliation", ":material/compare_arrows:", "Review", (P.see_money,)),
    Page("effect.py", "Is it working?", ":material/balance:", "", (P.see_overview, P.present)),
    Page("glossary.py", "Measures", ":material/menu_book:", "Review", (P.see_overview, P.see_public)),
    Page("users.py", "Users", ":material/group:", "Administration", (P.manage_users,)),
    Page("audit.py", "Audit", ":material/history:", "Administration", (P.see_audit,)),
    Page("account.py", "My account", ":material/account_circle:", OWN, ()),
    Page("sign_out.py", "Sign out", ":material/logout:", OWN, ()),
)
"""In menu order: the first page open to a viewer is the one they land on."""
