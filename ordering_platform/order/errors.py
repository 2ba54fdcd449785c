"""What the order service refuses, in the words a guest or a waiter reads."""

from __future__ import annotations

from ordering_platform.runtime.errors import Conflict, Forbidden, Gone, Invalid, NotFound, TooManyRequests


class VenueNotFound(NotFound):
    """There is no such venue, or it is not yours to see."""


class TableNotFound(NotFound):
    """No table has this code or id; scan the code on the table again or ask the staff."""


class TableCodeRetired(Gone):
    """This printed code is no longer in use; ask the staff for the new one."""


class TableClosed(Conflict):
    """This table is not open yet; ask the staff to open it for you."""


class TableFull(Conflict):
    """More phones than people have joined this table; ask the staff."""


class TableOccupied(Conflict):
    """A party sits at this table; close its table session first."""


class TableNameTaken(Conflict):
    """Another table of this venue has this name; choose a different one."""


class VisitCodeRequired(Forbidden):
    """Enter the four digits the staff show you for this visit."""


class TooManyWrongCodes(TooManyRequests):
    """The visit code was wrong too often; wait a few minutes or ask the staff for a new one."""


class SessionNotFound(NotFound):
    """There is no such table session, or it is not yours to see."""


class SessionClosed(Gone):
    """This visit has ended; scan the code on the table to begin a new one."""


class UnpaidOrders(Conflict):
    """Orders of this table are not paid; settle them, or close the table with force and a reason."""


class MenuEntryNotFound(NotFound):
    """There is no such category, item, option group or option on this menu."""


class CategoryNotEmpty(Conflict):
    """This category still has items; move or delete them first."""


class ItemUnavailable(Invalid):
    """Some dishes or options cannot be ordered as asked; each is listed under errors."""


class OrderNotFound(NotFound):
    """There is no such order, or it is not yours to see."""


class OrderItemNotFound(NotFound):
    """There is no such line on this order."""


class OrderLimit(Invalid):
    """This is more than one order may hold; make it smaller or ask the staff."""


class TooManyOpenOrders(Conflict):
    """This table has as many unpaid orders as it may have; pay one first or ask the staff."""


class InvalidState(Conflict):
    """This order has been sent and cannot be edited any more; make a further order instead."""


class OrderEmpty(Invalid):
    """There is nothing on this order; add something first."""


class OrderLocked(Conflict):
    """This order is being paid just now; wait for the payment to end."""


class OrderAlreadyPaid(Conflict):
    """This order has been paid; ask the staff about a refund."""


class OrderNotPlaced(Conflict):
    """This order has not been sent yet; send it first, then pay."""


class OrderNotPayable(Conflict):
    """This order cannot be paid as asked; it was cancelled or rejected, or does not belong with the others."""


class OrderChanged(Conflict):
    """The order is not the one you saw any more; read it again."""


class BillReleased(Conflict):
    """This bill was given up; begin a new checkout."""


class BillNotFound(NotFound):
    """No order is held by this bill."""


class PayFirst(Conflict):
    """Here one pays first; the order goes to the kitchen as soon as it is paid."""


class OrderingPaused(Conflict):
    """The kitchen takes no orders just now; try again a little later."""


class ItemsUnavailable(Conflict):
    """Some lines cannot be served any more; remove them and send the order again."""


class PriceChanged(Conflict):
    """Some prices have changed since you chose; confirm the new total."""


class IllegalStatusMove(Conflict):
    """The order cannot go there from where it is now; read it again."""


class ReasonRequired(Invalid):
    """Say the reason; the guest and the day report will show it."""


class StaffCallNotFound(NotFound):
    """There is no such call, or it is not yours to see."""
