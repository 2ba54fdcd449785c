"""The door to receipts: open to whoever has the link, closed to everybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordering_platform.payment import errors, receipt_schemas
from ordering_platform.payment.receipts import answering
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import ANYONE

if TYPE_CHECKING:
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.request import Answer, Request


class ReceiptDoors:
    """Receipts."""

    till: Till

    @http(
        "GET",
        "/v1/receipts/<token>",
        who=ANYONE,
        answers=receipt_schemas.Receipt,
        produces=answering.PRODUCED,
        raises=(errors.ReceiptNotFound,),
    )
    def view_receipt(self, request: Request, token: str) -> Answer:
        """Show a receipt under the link its bill gives as ``receipt_url``: as JSON, as a page to print, as a PDF.

        ``Accept`` says which; an address that ends in ``.pdf`` gives the PDF whatever it says. The page and the
        PDF speak the language of ``Accept-Language``.
        """
        return answering.answer(self.till, request, token)
