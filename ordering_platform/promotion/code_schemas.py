"""What the doors to codes take and give, one by one and by the batch."""

from __future__ import annotations

import marshmallow as ma

from ordering_platform.promotion import batches
from ordering_platform.promotion.blocks import MAX_USES
from ordering_platform.runtime.schemas import Choice, Int, ListOf, PageQuery, RequestSchema, ResponseSchema, Text

MAX_CODES_ADDED = 1000
MAX_TYPED = 60


class NewCodes(RequestSchema):
    """Codes for a promotion; spaces, hyphens and case do not matter."""

    codes = ListOf(Text(max=MAX_TYPED), min=1, max=MAX_CODES_ADDED, required=True)


class AddedCodes(ResponseSchema):
    """The codes as they are kept."""

    codes = ma.fields.List(ma.fields.String())


class PromotionCode(ResponseSchema):
    """One code of a promotion."""

    code = ma.fields.String()
    disabled = ma.fields.Boolean()
    created_at = ma.fields.String()


class PromotionCodePage(ResponseSchema):
    """Codes by alphabet."""

    data = ma.fields.List(ma.fields.Nested(PromotionCode))
    next = ma.fields.String(allow_none=True)
    has_more = ma.fields.Boolean()


class NewCodeBatch(RequestSchema):
    """How many codes to make, what they begin with, and how often each may be used."""

    count = Int(min=1, max=batches.MOST, required=True)
    prefix = Text(max=20, metadata={"example": "SUMMER"})
    uses_per_code = Int(min=1, max=MAX_USES, load_default=1)


class CodeBatch(ResponseSchema):
    """Codes that were made together."""

    id = ma.fields.String()
    promotion_id = ma.fields.String()
    count = ma.fields.Integer()
    prefix = ma.fields.String()
    uses_per_code = ma.fields.Integer()
    created_at = ma.fields.String()
    disabled = ma.fields.Boolean()


class CodeBatchPage(ResponseSchema):
    """Batches, the newest first."""

    data = ma.fields.List(ma.fields.Nested(CodeBatch))
    next = ma.fields.String(allow_none=True)
    has_more = ma.fields.Boolean()


class BatchQuery(PageQuery):
    """Which codes of a batch to list."""

    state = Choice((batches.UNUSED, batches.USED, batches.DISABLED))


class CountedBatch(CodeBatch):
    """A batch with how many of its codes are unused, used at least once, or disabled."""

    states = ma.fields.Dict()


class BatchCode(ResponseSchema):
    """One code of a batch; a use counts from the moment a checkout reserves it."""

    code = ma.fields.String()
    state = ma.fields.String()
    uses = ma.fields.Integer()
    uses_allowed = ma.fields.Integer()


class BatchCodes(ResponseSchema):
    """A batch and a page of its codes, by alphabet."""

    batch = ma.fields.Nested(CountedBatch)
    data = ma.fields.List(ma.fields.Nested(BatchCode))
    next = ma.fields.String(allow_none=True)
    has_more = ma.fields.Boolean()


class TypedCode(RequestSchema):
    """A code as somebody typed it."""

    code = Text(max=MAX_TYPED, required=True)


class KnownCode(ResponseSchema):
    """A code that calls for a running promotion."""

    code = ma.fields.String()
    promotion_id = ma.fields.String()
    name = ma.fields.String()
