"""What an administrator submits about an account, and what a person submits about their own password."""

import re
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from db import passwords
from db.forms import Form, blank_is_none
from db.vocab import Role


class NewUser(Form):
    """A new account. Without ``password`` a one-time code is made and shown once."""

    model_config = ConfigDict(str_strip_whitespace=False)
    ask: ClassVar = {
        "username": "The username is missing. Choose a short one, like jrivera.",
        "name": "The name is missing. Write it as colleagues know it.",
        "role": "The role is missing. Choose one from the list.",
    }

    username: str = Field(max_length=40)
    name: str = Field(max_length=80)
    email: Annotated[str | None, BeforeValidator(blank_is_none)] = Field(default=None, max_length=120)
    role: Role
    password: str | None = None

    @field_validator("username", "name", "email", mode="before")
    @classmethod
    def stripped(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else value

    @field_validator("username")
    @classmethod
    def plain(cls, value: str) -> str:
        folded = value.lower()
        if not folded:
            raise ValueError(cls.ask["username"])
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,39}", folded):
            raise ValueError(
                f"“{value}” cannot be a username. Use 2 to 40 letters, digits, dots or hyphens, without spaces."
            )
        return folded

    @field_validator("name")
    @classmethod
    def given(cls, value: str) -> str:
        if not value:
            raise ValueError(cls.ask["name"])
        return value

    @field_validator("email")
    @classmethod
    def reachable(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", value):
            raise ValueError(f"“{value}” is not an e-mail address. Write it like name@city.gov, or leave it empty.")
        return value

    @model_validator(mode="after")
    def hard_to_guess(self) -> "NewUser":
        if self.password is not None:
            objection = passwords.objection(self.password, (self.username, *self.name.split()))
            if objection:
                raise ValueError(objection)
        return self


class PasswordChange(Form):
    """A person's own new password. Nothing is stripped: a space is a character like others."""

    model_config = ConfigDict(str_strip_whitespace=False)
    ask: ClassVar = {
        "current": "Type your present password.",
        "new": "Type the new password.",
        "again": "Type the new password a second time.",
    }

    current: str = Field(min_length=1)
    new: str = Field(min_length=1)
    again: str = Field(min_length=1)

    @model_validator(mode="after")
    def same_twice(self) -> "PasswordChange":
        if self.new != self.again:
            raise ValueError("The two new passwords differ. Type both again.")
        if self.new == self.current:
            raise ValueError("The new password is the present one. Choose another.")
        return self
