"""Exports as finance systems write them: which column is which, what is read, and what must be asked."""

from io import BytesIO

import pytest
from openpyxl import Workbook

from db.cad.sniff import open_file
from db.errors import Unreadable
from db.statement.mapping import StatementColumns, parse_accounts
from db.statement.propose import StatementProposal, propose_statement
from db.statement.read import read_statement

LINES = {1: "Social worker", 2: "Benefits", 3: "Equipment"}
MUNIS = (
    "City of Harbor,,,,,,\n"
    "Account detail history,,,,,,\n"
    "ORG-OBJ,EFF DATE,SRC,VENDOR NAME,INVOICE,COMMENT,AMOUNT\n"
    '51100,10/31/2026,API,HARBOR RECOVERY INC,INV-10,October,"$8,250.00"\n'
    '51100,10/05/2026,GEN,HARBOR RECOVERY INC,,correction,"(250.00)"\n'
    '53000,10/13/2026,API,OFFICE WORLD,0077,chairs,"1,234.5"\n'
    "90000,10/13/2026,API,PARKS SUPPLY,1,grass,99.00\n"
    ',,,,,Report Total:,"9,333.50"\n'
)
PAIR = (
    "Posting Date;Supplier;Debit;Credit;Narrative\n"
    "31.10.2026;Harbor Recovery;1,000.00;;October\n"
    "01.11.2026;Harbor Recovery;;250.00;back\n"
)


def proposed(text: str, name: str = "ledger.csv", **more: object) -> StatementProposal:
    return propose_statement(open_file(BytesIO(text.encode()), name), LINES, **more)  # type: ignore[arg-type]


def test_a_ledger_export_with_a_banner_is_understood_and_its_accounts_are_asked() -> None:
    found = proposed(MUNIS)
    assert found.header_line == 3
    assert found.columns == {
        "date": ("EFF DATE",),
        "amount": ("AMOUNT",),
        "payee": ("VENDOR NAME",),
        "invoice": ("INVOICE",),
        "account": ("ORG-OBJ",),
        "description": ("COMMENT",),
    }
    (question,) = found.asked
    assert question.sentence == (
        "Which budget line is which account: “51100” (2 rows, 8,000.00); “53000” (1 row, 1,234.50); "
        '“90000” (1 row, 99.00)? Say --accounts "51100=LINE,…". '
        "The lines are: 1 Social worker, 2 Benefits, 3 Equipment; or - for none of them."
    )
    assert found.read is not None
    assert found.read.notes == [
        "Line 8 (“Report Total:”) is a total of the file, 9,333.50: the rows above add up to it."
    ]


def test_accounts_that_are_called_as_a_line_need_no_answer() -> None:
    found = proposed("Date,Line,Amount\n2026-10-31,social worker,5\n2026-10-31,BENEFITS,6\n")
    assert (found.asked, found.accounts) == ((), {"social worker": 1, "benefits": 2})


def test_debit_and_credit_are_a_pair() -> None:
    found = proposed(PAIR)
    assert (found.columns["debit"], found.columns["credit"]) == (("Debit",), ("Credit",))
    assert found.read is not None
    assert [(str(row.amount), row.kind.value) for row in found.read.rows] == [
        ("1000.00", "expenditure"),
        ("-250.00", "adjustment"),
    ]


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("Date,Amount\n03/04/2026,5\n05/06/2026,6\n", "date", "“03/04/2026” can be month 3, day 4 or day 3, month 4"),
        ("What,Amount\nA,5\nB,6\n", "date", "No column is surely the date. Say --map date=COLUMN."),
        ("Date,Balance\n2026-10-31,5\n", "amount", "No column is surely the amount."),
    ],
)
def test_what_the_file_cannot_tell_is_asked(text: str, field: str, words: str) -> None:
    found = proposed(text)
    assert [question.field for question in found.asked] == [field]
    assert words in found.asked[0].sentence


def test_a_workbook_is_read_to_the_cent_and_its_noise_is_said() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Date", "Vendor", "Amount"])
    for amount in (1234.1, 0.3000000000001, 216000, -12.345):
        sheet.append(["2026-10-31", "Harbor Recovery", amount])
    out = BytesIO()
    book.save(out)
    found = propose_statement(open_file(out, "ledger.xlsx"), LINES)
    assert found.read is not None
    assert [str(row.amount) for row in found.read.rows] == ["1234.10", "0.30", "216000.00"]
    assert [(one.line, one.reason) for one in found.read.refused] == [
        (5, "-12.345 has a fraction of a cent. The books hold two decimals: correct it, or leave it out.")
    ]
    assert found.read.notes == [
        "1 amount holds a spreadsheet's rounding error, taken off: line 3: 0.3000000000001 is 0.30."
    ]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (",5,", "The date is missing."),
        ("31/31/2026,5,", "“31/31/2026” is not a date. Write it like 11/14/2026."),
        ("10/31/2026,0.00,", "The amount is zero: there is nothing to book."),
        ("10/31/2026,,", "The amount is missing."),
        (
            "10/31/2026,5,BUA Budget",
            "“BUA Budget” is no spending: the ledger holds obligations, expenditures and adjustments.",
        ),
        (
            "10/31/2026,5,zzz",
            "“zzz” is not a kind the ledger knows. Write expenditure, adjustment or encumbrance, or do not map it.",
        ),
    ],
)
def test_a_row_that_cannot_be_read_says_why(cells: str, reason: str) -> None:
    file = open_file(BytesIO(f"Date,Amount,Kind\n{cells}\n10/30/2026,1,API\n".encode()), "x.csv")
    found = read_statement(file, StatementColumns({"date": ("Date",), "amount": ("Amount",), "kind": ("Kind",)}))
    assert [(one.line, one.reason) for one in found.refused] == [(2, reason)]
    assert (found.rows_read, len(found.rows)) == (2, 1)


def test_signs_may_be_reversed_and_the_file_hints_at_it() -> None:
    text = "Date,Amount\n10/30/2026,-5\n10/31/2026,-6\n"
    columns = {"date": ("Date",), "amount": ("Amount",)}
    plain = read_statement(open_file(BytesIO(text.encode()), "x.csv"), StatementColumns(columns))
    assert plain.notes == [
        "2 of 2 amounts are negative. If spending is written so in this file, load it with --signs reversed."
    ]
    turned = read_statement(open_file(BytesIO(text.encode()), "x.csv"), StatementColumns(columns, reversed_signs=True))
    assert [str(row.amount) for row in turned.rows] == ["5.00", "6.00"]


def test_accounts_are_named_by_line_or_number() -> None:
    assert parse_accounts('51100=benefits,"5, 2"=3,9=-,*=Social worker', LINES) == {
        "51100": 2,
        "5, 2": 3,
        "9": 0,
        "*": 1,
    }
    with pytest.raises(Unreadable, match="There is no budget line “Rent”"):
        parse_accounts("51100=Rent", LINES)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"amount": ("A",)}, "The mapping does not say which column is the date. Add date=COLUMN."),
        (
            {"date": ("D",), "debit": ("A",)},
            "The mapping does not say where the amounts are. Add amount=COLUMN, or debit=…,credit=….",
        ),
        (
            {"date": ("D",), "amount": ("A",), "credit": ("C",)},
            "The mapping has an amount and a debit or credit. Keep the amount, or the pair.",
        ),
        ({"date": ("D", "E"), "amount": ("A",)}, "“date” takes one column, not 2 (D + E)."),
    ],
)
def test_a_mapping_says_what_it_lacks(columns: dict[str, tuple[str, ...]], sentence: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        StatementColumns(columns)
    assert str(refusal.value) == sentence
