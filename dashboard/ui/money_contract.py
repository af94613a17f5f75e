"""Sign a contract, and what the Treasury asks of everybody who is paid."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.ui import forms, money_parts, money_rows, session
from dashboard.ui.money_entry import PLACE
from db.access import Viewer
from db.commands.contracts import save_payee, sign_contract
from db.engine import record_session
from db.forms import checked
from db.forms.invoices import ContractForm, PayeeForm
from db.ledger import payee_key
from db.models import Payee
from db.vocab import label
from db.vocab.money import AwardKind, PayeeKind


def contract_form(viewer: Viewer) -> None:
    """A contract, subaward or order: signing it obligates its sum, on one line or several."""
    form = forms.draft("contract")
    with record_session(session.bind(), viewer) as database:
        lines, payees = money_parts.lines(database), money_parts.payees(database)
    st.subheader("Sign a contract", anchor=False)
    st.caption("A contract, subaward or order that requires payment. Its sum is obligated the day it is signed.")
    values = _head(form, payees)
    values["description"] = st.text_area(
        "What it is for", key=form.key("description"), max_chars=750, height=80, placeholder="Clinician, 40 h a week"
    )
    form.wrong("description")
    st.markdown("**What it obligates on each line**")
    typed = money_rows.rows(form, lines, one_off=False)
    forms.save_button(
        form,
        "Sign it",
        lambda: money_parts.commit(
            viewer, sign_contract, money_rows.whole(ContractForm, values | {"submit_key": form.key_of_save}, typed)
        ),
        lambda saved: money_parts.tell(PLACE, f"Contract {values['number']} is signed and obligated.", saved.doubts),
        icon=":material/contract:",
    )


def _head(form: forms.Draft, payees: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {"kind": forms.choice(form, "kind", "What it is", AwardKind)}
    left, middle, right = st.columns(3)
    with left:
        values["payee"] = money_parts.pick(form, "payee", "Payee", payees, new=True)
        values["number"] = forms.text(form, "number", "Contract number", max_chars=20)
    with middle:
        values["signed_on"] = money_parts.day(form, "signed_on", "Signed on")
        values["place"] = forms.text(form, "place", "Place of performance", max_chars=120, placeholder="Harbor, CT")
    with right:
        values["starts_on"] = money_parts.day(form, "starts_on", "Runs from")
        values["ends_on"] = money_parts.day(form, "ends_on", "Runs to")
    return values


def payee_form(viewer: Viewer) -> None:
    """Everybody who was paid, what the report still needs of them, and the form that adds it."""
    form = forms.draft("payee")
    st.subheader("Payees", anchor=False)
    st.caption("An award over $50,000 is reported with its payee: UEI (sam.gov), EIN (IRS), type, SAM registration.")
    with record_session(session.bind(), viewer) as database:
        names = money_parts.payees(database)
        known = _known(database)
        _table(names, known)
        name = money_parts.pick(form, "name", "Payee", names, new=True)
        money_parts.begin_about(form, name, _about(known.get(payee_key(name or ""))))
    values: dict[str, Any] = {"name": name, "kind": forms.choice(form, "kind", "Type", PayeeKind)}
    left, middle, right = st.columns(3)
    with left:
        values["uei"] = forms.text(form, "uei", "UEI", placeholder="12 letters and digits", max_chars=20)
    with middle:
        values["ein"] = forms.text(form, "ein", "EIN", placeholder="12-3456789", max_chars=20)
    with right:
        values["sam_registered"] = forms.yes_no(form, "sam_registered", "Registered in SAM.gov?", unknown="Not known")
    forms.save_button(
        form,
        "Save the payee",
        lambda: money_parts.commit(viewer, save_payee, checked(PayeeForm, values)),
        lambda saved: money_parts.tell(PLACE, f"{values['name']} is saved.", saved.doubts),
    )


def _known(database: Session) -> dict[str, Payee]:
    return {payee.key: payee for payee in database.scalars(select(Payee))}


def _about(known: Payee | None) -> dict[str, Any]:
    return {
        "kind": known.kind if known else None,
        "uei": (known.uei if known else "") or "",
        "ein": (known.ein if known else "") or "",
        "sam_registered": _answer(known.sam_registered if known else None),
    }


def _answer(known: bool | None) -> str:
    return {True: "Yes", False: "No", None: "Not known"}[known]


def _table(names: list[str], known: Mapping[str, Payee]) -> None:
    if not names:
        return
    rows = []
    for name in names:
        payee = known.get(payee_key(name))
        rows.append(
            {
                "Payee": name,
                "Type": label(payee.kind) if payee and payee.kind else "",
                "UEI": (payee.uei if payee else "") or "",
                "EIN": (payee.ein if payee else "") or "",
                "SAM": _answer(payee.sam_registered if payee else None),
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height=money_parts.tall(len(rows)),
        alt="Payees and what is known of them for the report",
    )
