"""The shapes of the configuration in the API, and of what is sent to it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from whalebot.adapters.web.models import Shape


class ConfigField(Shape):
    """One key of the configuration. `applies` tells when a change of it counts."""

    path: str
    type: str
    nullable: bool
    description: str
    unit: str
    default: Any
    value: Any
    minimum: float | None
    maximum: float | None
    exclusive_minimum: bool
    choices: list[Any] | None
    allowed: str
    applies: Literal["next_bar", "restart"]
    editable: bool
    secret: bool


class ConfigShown(Shape):
    """The configuration in force, secrets hidden, and what may stand at each place."""

    config: dict[str, Any]
    config_hash: str
    file: str
    fields: list[ConfigField]


class ConfigEdit(BaseModel):
    """New values by dotted path; `dry_run` checks without writing."""

    model_config = ConfigDict(extra="forbid", strict=True)

    changes: Annotated[dict[str, Any], Field(min_length=1, max_length=200)]
    only_check: bool = Field(default=False, alias="dry_run")


class ConfigChange(Shape):
    """One changed place; before and after as JSON text, secrets hidden."""

    path: str
    before: str
    after: str
    applies: Literal["next_bar", "restart"]


class ConfigWritten(Shape):
    """What became of an edit. `kept` names the copy of the old file."""

    written: bool
    applied: bool
    only_checked: bool = Field(alias="dry_run")
    changes: list[ConfigChange]
    needs_restart: list[str]
    kept: str | None
    message: str


class PauseConfirmed(BaseModel):
    """The word that confirms a pause."""

    model_config = ConfigDict(extra="forbid", strict=True)

    confirm: Literal["PAUSE"]


class ResumeConfirmed(BaseModel):
    """The word that confirms a resume."""

    model_config = ConfigDict(extra="forbid", strict=True)

    confirm: Literal["RESUME"]


class FlattenConfirmed(BaseModel):
    """The word that confirms a flatten."""

    model_config = ConfigDict(extra="forbid", strict=True)

    confirm: Literal["FLATTEN"]


class PanicConfirmed(BaseModel):
    """The word that confirms a panic."""

    model_config = ConfigDict(extra="forbid", strict=True)

    confirm: Literal["PANIC"]


class ManualOrder(BaseModel):
    """A manual order. This version refuses all of them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    symbol: str = Field(max_length=32)
    side: Literal["Buy", "Sell"]
    quantity: str = Field(max_length=40, pattern=r"^\d+(\.\d+)?$")
    type: Literal["Market", "Limit"] = "Market"
    price: str | None = Field(default=None, max_length=40, pattern=r"^\d+(\.\d+)?$")


class Nothing(BaseModel):
    """An empty object."""

    model_config = ConfigDict(extra="forbid", strict=True)
